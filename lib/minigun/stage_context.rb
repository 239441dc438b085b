# frozen_string_literal: true

module Minigun
  # What a stage class with its own `run_stage` is given.
  class StageContext
    # @return [Stage]
    attr_reader :stage
    # @return [RawQueue] items, then an EndOfSource for each source
    attr_reader :input_queue
    # @return [Set] the stages that may send
    attr_reader :sources_expected
    # @return [Set] the stages that have ended
    attr_reader :sources_done
    # @return [Hash] edges found while running: none here, the engine knows them
    attr_reader :runtime_edges
    # @return [Thread] where the loop runs
    attr_reader :worker
    # @return [InputQueue, nil] nil for a producer
    # @api private
    attr_reader :input
    # @return [OutputQueue]
    # @api private
    attr_reader :output

    alias_method :executor, :worker

    def initialize(stage, input, output)
      @stage, @input, @output = stage, input, output
      upstream = dag.upstream(stage.name)
      @input_queue = RawQueue.new(input, upstream.empty? ? [stage] : upstream)
      @sources_expected = upstream.to_set
      @sources_done = Set.new
      @runtime_edges = {}
      @worker = Thread.current
    end

    def stage_name = stage.name

    def pipeline = stage.pipeline

    def root_pipeline = stage.root_pipeline

    def dag = pipeline.dag

    def stage_stats = pipeline.stats&.for_stage(stage.name)

    # The input as a stage sees it that counts its sources itself.
    class RawQueue
      def initialize(input, sources)
        @input = input
        @sources = sources
        @ended = input.nil?
      end

      # The next item; an EndOfSource for each source once the input has ended.
      #
      # @param non_block [Boolean] raise ThreadError instead of waiting?
      # @param timeout [Numeric, nil] seconds after which nil is returned
      def pop(non_block = false, timeout: nil) # rubocop:disable Style/OptionalBooleanParameter
        return end_of_next if @ended

        item = timeout ? @input.pop(timeout: timeout) : @input.pop(non_block)
        return item unless item.is_a?(EndOfStage)

        @ended = true
        end_of_next
      end

      private

      def end_of_next
        source = @sources.size > 1 ? @sources.shift : @sources.first
        EndOfSource.new(source)
      end
    end
  end
end
