# frozen_string_literal: true

module Minigun
  module Execution
    # Drives a step on several threads, with no more of the engine than Run#call_step: for steps whose
    # own context is not to be had.
    class ThreadDriver
      # Items taken at once: as many as are worked off in about this time, in seconds, so that
      # others get their share.
      QUICK = 0.001
      MOST = 64
      private_constant :QUICK, :MOST

      # @param run [Minigun::Execution::Run]
      # @param step [Minigun::Step]
      # @param user_object [Object]
      def initialize(run, step, user_object)
        @run = run
        @step = step
        @user_object = user_object
      end

      # Called before the run's threads start.
      # @return [void]
      def prepare; end

      # Works until the input has ended and all of it is settled.
      # @return [void]
      def drive(input, _output)
        workers = Array.new(size) { ThreadJob.new { work(input) } }
        workers.each(&:value)
      ensure
        workers&.each(&:stop)
      end

      # @return [void]
      def shutdown; end

      private

      # One worker keeps the order.
      def size
        @step.ordered ? 1 : [@step.workers || 1, 1].max
      end

      def work(input)
        share = 1
        while (items = input.take(share))
          next if items.empty?

          start = now
          settle(input, items, *call(items))
          share = now - start < QUICK ? [share * 2, MOST].min : [share / 2, 1].max
        end
      end

      # @return [Array] as Run#call_step
      def call(items)
        @run.call_step(@step.index, items)
      end

      def settle(input, items, outputs, failures, latencies, fatal)
        outputs.each { |target, list| @run.publish(@step.index, target, list) }
        failures.each { |place, error| @run.fail_item(@step.index, items[place], error) }
        @run.report(@step.index, consumed: items.size - failures.size, latencies: latencies)
        input.settle(items.size)
        raise fatal if fatal
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
