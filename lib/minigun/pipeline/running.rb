# frozen_string_literal: true

module Minigun
  class Pipeline
    # Runs of a pipeline, and what is left of the latest one.
    module Running
      # @return [AggregatedStats, nil] those of the latest run
      attr_reader :stats
      # @return [Object, nil] the object of the latest run
      attr_reader :context

      # @return [Result, nil] what came of the latest run that has ended
      attr_accessor :last_result

      # Runs all stages; one run at a time.
      #
      # @param context [Object] self of all blocks and hooks
      # @return [Integer] accumulated items if anything was accumulated, else items emitted by the sources
      def run(context)
        alone do
          @context = context
          @orchestrator = Execution::ExecutionOrchestrator.new(self)
          count = @orchestrator.execute(context)
        ensure
          @orchestrator = nil
          Compiler::OutsideQueues.close(self, wait: !count.nil?)
          task&.run_ended
        end
      end

      # Lets the run that is going on finish what it has accepted, and no more.
      #
      # @return [Boolean] false if nothing can be drained
      def drain = @orchestrator.respond_to?(:drain) && @orchestrator.drain

      # Kills the worker processes of the run that is going on.
      # @api private
      def kill_workers
        @orchestrator.kill_workers if @orchestrator.respond_to?(:kill_workers)
      end

      # @api private
      def renew_stats
        @stats = AggregatedStats.new(self, dag)
      end

      private

      def alone
        process = Process.pid
        raise Error, "pipeline #{name.inspect} is running; a second run has to wait for its end" if @guard == process

        @guard = process
        begin
          yield
        ensure
          @guard = nil
        end
      end
    end
  end
end
