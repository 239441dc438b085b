# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Ends workers that take longer over an item than their stage's timeout: by TERM, and by KILL where
      # that doesn't do. What follows is what follows a worker's death.
      class Overdue
        # Seconds between the two.
        GRACE = 0.5
        # The part of the timeout after which it looks again, so that none goes on for much longer.
        SHARE = 8

        # @param crew [Crew]
        # @param timeout [Numeric] seconds
        def initialize(crew, timeout)
          @crew, @timeout = crew, timeout
          @seen = {}.compare_by_identity
        end

        # @return [void]
        def look
          @seen.keep_if { |worker, _| @crew.workers.include?(worker) }
          @crew.workers.each do |worker|
            item = worker.item_in_hand
            next @seen.delete(worker) unless item

            @seen[worker] = [item, Clock.now] unless @seen[worker]&.first == item
            strike(worker, Clock.now - @seen[worker].last)
          end
        end

        # @return [Integer, nil] milliseconds until it has to look again
        def patience = @seen.empty? && !@crew.busy? ? nil : ([@timeout, GRACE].min * 1000 / SHARE).ceil

        private

        def strike(worker, seconds)
          if worker.overdue.nil?
            return if seconds < @timeout

            worker.overdue = @timeout
            worker.child.signal(:TERM)
          elsif seconds > @timeout + GRACE
            worker.child.signal(:KILL)
          end
        end
      end
    end
  end
end
