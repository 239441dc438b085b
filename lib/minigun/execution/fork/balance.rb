# frozen_string_literal: true

require_relative "sizing"

module Minigun
  module Execution
    module Fork
      # Finds workers that have more than they can do now, while others have nothing to do.
      class Balance
        # Milliseconds without progress after which work is taken from a worker, and from one that has
        # not begun with what it was given: it may be starting still, or taking in a large item. The next
        # one may not be quicker at that, so it is given twice the time, and so on, up to a minute: a worker
        # that was stopped keeps nothing for longer.
        STUCK = 2
        LATE = 100
        LATEST = 60_000

        # @param crew [Crew]
        # @param sizing [Sizing]
        # @param worth [Float] seconds of work that are worth taking from a worker that gets on
        def initialize(crew, sizing, worth)
          @crew, @sizing, @worth = crew, sizing, worth
          @seen = {}.compare_by_identity
          @late = LATE
        end

        # Takes work from who has most to spare, if someone has nothing to do.
        # @return [Portion, nil]
        def surplus
          return unless idle_hands?

          watch
          loaded = @crew.workers.select { |worker| worth_taking?(worker) }.max_by(&:unbegun) or return
          stuck = stuck?(loaded)
          @late = [2 * @late, LATEST].min unless loaded.begun?
          loaded.take_back(stuck)
        end

        # @return [Integer, nil] milliseconds until there may be a surplus, though nothing comes in
        def patience
          return unless idle_hands?

          @crew.workers.filter_map { |worker| [limit_of(worker) - stillness(worker), 1].max if worker.unbegun.positive? }.min
        end

        private

        def idle_hands?
          @crew.free_places.positive? || @crew.workers.any? { |worker| worker.idle? && worker.room? }
        end

        def worth_taking?(worker)
          left = worker.unbegun
          left.positive? && ((worker.begun? && left * (@sizing.cost || 0) > @worth) || stuck?(worker))
        end

        def stuck?(worker) = stillness(worker) >= limit_of(worker)

        def limit_of(worker) = worker.begun? ? STUCK : @late

        def watch
          @seen.keep_if { |worker, _| @crew.workers.include?(worker) }
          @crew.workers.each do |worker|
            progress = worker.progress
            @seen[worker] = [progress, now] unless @seen[worker]&.first == progress
          end
        end

        def stillness(worker)
          _, since = @seen[worker]
          since ? now - since : 0
        end

        def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)
      end
    end
  end
end
