# frozen_string_literal: true

module Minigun
  # How many items may fail in a stage, or in all stages of a pipeline, before the run is
  # stopped. Made for one run, and counts in it.
  class ErrorLimit
    # Items a rate is not looked at before; at the end of the run it always is.
    SAMPLE = 100

    # @return [Integer] items that failed so far
    attr_reader :errors

    # @param place [String] for messages
    # @param most [Integer, nil] items that may fail
    # @param rate [Float, nil] the share of the items that may fail
    def initialize(place, most, rate)
      @place, @most, @rate = place, most, rate
      @errors = 0
      @steps = []
      @lock = Mutex.new
    end

    # Has the items of a step count.
    def cover(step) = @steps << step.index

    # Enters items that failed.
    # @param run [#ledger]
    # @return [TooManyErrors, nil] what is to stop the run
    def add(run, count)
      errors = @lock.synchronize { @errors += count }
      return exceeded("#{errors} items failed, more than max_errors: #{@most}") if @most && errors > @most

      items = @rate && (worked_on(run) + count)
      rate_exceeded(errors, items) if items && items >= SAMPLE
    end

    # The rate over the whole run.
    # @return [TooManyErrors, nil]
    def check(run)
      rate_exceeded(@errors, worked_on(run)) if @rate && @errors.positive?
    end

    private

    def worked_on(run)
      @steps.sum { |index| run.ledger(index)[1..4].sum }
    end

    def rate_exceeded(errors, items)
      return unless errors > items * @rate

      exceeded("#{errors} of #{items} items failed, more than max_error_rate: #{@rate}")
    end

    def exceeded(what) = TooManyErrors.new("#{@place}: #{what}; the run was stopped")
  end
end
