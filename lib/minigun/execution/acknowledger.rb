# frozen_string_literal: true

module Minigun
  module Execution
    # Tells sources what became of their items: calls the hooks `ack:` and `nack:` of producers, one
    # after the other, on a thread of its own.
    class Acknowledger
      # @param run [Run]
      def initialize(run)
        @run = run
        @settled = Thread::Queue.new
        @thread = Thread.new { serve }
        @thread.name = "minigun-acknowledger"
        @thread.report_on_exception = false
      end

      # @param list [Array] [index of the producer, item, whether it has failed], ...
      def tell(list)
        list.each { |settled| @settled << settled }
      end

      # Calls the hooks for what it was told, and ends. After so many seconds it is left to itself.
      def finish(seconds)
        @settled.close
        @thread.join(seconds) or
          Minigun.logger.error("ack: or nack: doesn't return; #{@settled.size} source items were not told of")
      end

      private

      def serve
        while (index, item, failed = @settled.pop)
          step = @run.program.steps[index]
          hook = step.acknowledge[failed ? :nack : :ack]
          call(hook, item, step) if hook
        end
      end

      # A source that can't be told stops the run: it would wait for ever, or send everything again.
      def call(hook, item, step)
        hook.is_a?(Proc) ? @run.program.context.instance_exec(item, &hook) : hook.call(item)
      rescue Exception => e # rubocop:disable Lint/RescueException
        Minigun.logger.error("#{@run.place(step)} could not be told of an item: #{@run.describe(e)}")
        @run.cancel(e)
      end
    end
  end
end
