# frozen_string_literal: true

module Minigun
  # What came of a run: the fate of each item, stage by stage and in all.
  #
  # An item that a stage accepted ends in exactly one way: it was done; skipped, failed or dead, by
  # the stage's policy; or cancelled, where the run or the stage ended before. The sums are checked
  # at the end of each run.
  #
  #   result = job.last_result
  #   result.dead                # => 3
  #   result.stage(:load).failed # => 0
  #   result.errors.first.error  # => #<IOError: ...>
  #   puts result                # "12 items were not delivered: 9 skipped, 3 dead letters (load: 9 of 5000, save: 3 of 4991)"
  class Result
    FATES = %i[done skipped failed dead cancelled].freeze

    # Stages that its one line names.
    SHOWN = 4
    private_constant :SHOWN

    # An item that failed for good. attempts: how often the stage was called with it.
    ItemError = Struct.new(:stage, :pipeline, :item, :error, :attempts, keyword_init: true)

    # One stage's items. `produced` is what it passed on.
    Stage = Struct.new(:name, :pipeline, :accepted, *FATES, :produced, keyword_init: true) do
      # @return [Boolean] whether each accepted item has one fate
      def balanced? = accepted == done + undelivered

      # @return [Integer] items it accepted and did not deal with
      def undelivered = skipped + failed + dead + cancelled
    end

    # An item that was accepted by a stage and not dealt with, because the run or the stage had ended.
    CancelledItem = Struct.new(:stage, :item)

    # @return [Array<Stage>] in order of definition
    attr_reader :stages
    # @return [Array<ItemError>] the first 100
    attr_reader :errors
    # @return [Integer] how many items failed for good, or producers ended early
    attr_reader :error_count
    # @return [Array<DeadLetter>] those whose stage names no sink for them
    attr_reader :dead_letters
    # @return [Integer] worker processes that died with work to do
    attr_reader :worker_deaths
    # @return [Float] seconds
    attr_reader :duration
    # @return [Array<Symbol, String>] producers, and stages that own their loop, that an error ended early
    attr_reader :ended_early
    # @return [Exception, nil] what stopped the run
    attr_reader :error

    # @api private
    def initialize(run, duration:, error:)
      failures = run.failures
      @stages = run.program.steps.filter_map { |step| stage_of(run, step) }
      @errors, @error_count, @ended_early = failures.errors, failures.count, failures.ended_early
      @dead_letters, @worker_deaths = failures.dead_letters.kept, run.worker_deaths
      @drained = run.live? && run.drained? && !run.cancelled?
      @cancelled = run.live? ? run.cancelled_items : []
      @names = run.program.steps.map(&:name)
      @duration, @error = duration, error
    end

    # @param name [Symbol, String]
    # @param pipeline [Symbol, String, nil] where stages of several pipelines have the name
    # @return [Stage, nil]
    def stage(name, pipeline: nil)
      @stages.find do |stage|
        stage.name.to_s == name.to_s && (pipeline.nil? || stage.pipeline.to_s == pipeline.to_s)
      end
    end

    # @!method accepted
    #   @return [Integer] items that stages accepted, each counted once for each stage
    # @!method done
    # @!method skipped
    # @!method failed
    # @!method dead
    # @!method cancelled
    %i[accepted done skipped failed dead cancelled].each do |fate|
      define_method(fate) { @stages.sum { |stage| stage[fate] } }
    end

    # Was the run ended early, with all that was accepted dealt with?
    def drained? = @drained

    # Did every item get through?
    def ok? = @error.nil? && @error_count.zero? && undelivered.zero?

    # @return [Integer] items that a stage accepted and did not deal with
    def undelivered = @stages.sum(&:undelivered)

    # @return [Array<CancelledItem>] the first 10000, in no order
    def cancelled_items
      @cancelled.flat_map { |index, items| items.map { |item| CancelledItem.new(@names[index], item) } }
    end

    # @return [Hash] numbers only
    def to_h
      { accepted: accepted, done: done, skipped: skipped, failed: failed, dead: dead, cancelled: cancelled,
        errors: error_count, worker_deaths: worker_deaths, duration: duration, drained: drained?,
        stages: @stages.map(&:to_h) }
    end

    # @return [String] one line: what was not delivered, and where; what ended early, and the run's error
    def to_s = [delivery, *ends].join("; ")

    # @return [String] what was not delivered, and where
    # @api private
    def delivery
      return accepted.zero? ? "there were no items" : "all items were delivered" if undelivered.zero?

      "#{count(undelivered, "item")} #{undelivered == 1 ? "was" : "were"} not delivered: #{fates} (#{places})"
    end

    def inspect = "#<#{self.class} #{self}>"

    # @raise [InternalError] an item was lost or counted twice: a bug in minigun
    # @api private
    def check
      wrong = @stages.reject(&:balanced?)
      return self if wrong.empty?

      raise InternalError, "the books don't balance: #{wrong.map { |stage| stage.to_h.inspect }.join("; ")}"
    end

    private

    def count(number, word) = "#{number} #{word}#{"s" unless number == 1}"

    def fates
      words = [[skipped, "skipped"], [failed, "failed"], [dead, dead == 1 ? "dead letter" : "dead letters"], [cancelled, "cancelled"]]
      words.filter_map { |number, word| "#{number} #{word}" if number.positive? }.join(", ")
    end

    # Each stage has its own items, so there is no sum that they could be a share of.
    def places
      texts = @stages.filter_map { |stage| "#{stage.name}: #{stage.undelivered} of #{stage.accepted}" if stage.undelivered.positive? }
      more = texts.size - SHOWN
      more.positive? ? [*texts.first(SHOWN), "#{count(more, "stage")} more"].join(", ") : texts.join(", ")
    end

    def ends
      [("#{@ended_early.join(", ")} ended early" if @ended_early.any?),
       ("the run ended with #{@error.class}" if @error)].compact
    end

    # Routers are no stages, and neither is what has no name of its own.
    def stage_of(run, step)
      return unless step.stage && run.live?

      accepted, done, skipped, failed, dead, cancelled, produced = run.ledger(step.index)
      accepted = done + skipped + failed + dead + cancelled if run.inside_chain?(step)
      Stage.new(name: step.name, pipeline: run.pipeline_of(step)&.name, accepted: accepted, done: done, skipped: skipped,
                failed: failed, dead: dead, cancelled: cancelled, produced: produced)
    end
  end
end
