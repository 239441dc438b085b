# frozen_string_literal: true

module Minigun
  class Stats
    # Statistics of a step of a run: taken over from the run while it goes on, kept when it is over.
    module Following
      NO_TIMES = {}.freeze
      private_constant :NO_TIMES

      # Follows a step of a run: readers bring the counters up to date first.
      # @param run [#counters]
      # @param index [Integer] the step's
      # @return [self]
      # @api private
      def attach(run, index)
        @counted = @times = nil
        @index = index
        @run = run
        self
      end

      # Takes in the last counters of the run and lets go of it.
      # @return [self]
      # @api private
      def detach
        refresh
        times
        @run = nil
        self
      end

      # @return [Float, nil] seconds in the stage's own code, of all its workers together; nil, like
      #   the others, for a stage that was in no run
      def running = times[:running]

      # @return [Float, nil] seconds that its workers waited for items
      def waiting_for_input = times[:waiting_for_input]

      # @return [Float, nil] seconds that it waited for room in the queues behind it
      def waiting_for_room = times[:waiting_for_room]

      # @return [Integer, nil] the most workers it had at a time
      def workers = times[:workers]

      # @return [String, nil] why it had as many
      def workers_reason
        return if times.empty?
        return "it proved to block" if times[:grown]
        return "it proved to block, and left its segment" if times[:split]
        return times[:reason] if times[:reason]

        workers > 1 ? "it was given as many" : "it works on one item at a time"
      end

      private

      def times
        @times = @run.times(@index) if @run.respond_to?(:times)
        @times || NO_TIMES
      end

      # @return [Array<String>] for Stats#to_s
      def times_in_words
        return [] if times.empty?

        seconds = times.values_at(:running, :waiting_for_input, :waiting_for_room).map { |value| value.round(2) }
        ["Workers: #{workers} (#{workers_reason})",
         format("Running: %ss, waiting for items: %ss, for room: %ss", *seconds)]
      end
    end
  end
end
