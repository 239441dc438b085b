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

      # Lets the run that is going on finish what it has accepted, and no more: producers stop,
      # accumulators pass on what they have, the run ends normally.
      #
      # @param timeout [Numeric, false, nil] seconds after which the rest is cancelled and the run raises
      #   DrainTimeout; nil for setting drain_timeout (10), false for no end
      # @return [Boolean] false if nothing can be drained
      def drain(timeout: nil)
        timeout = drain_timeout if timeout.nil?
        @orchestrator.respond_to?(:drain) && @orchestrator.drain(timeout || nil)
      end

      # Stops the run that is going on: it raises Cancelled, in running blocks and from `run`. What is
      # queued is counted, see Result#cancelled_items.
      #
      # @return [Boolean] false if none is going on
      def cancel = @orchestrator.respond_to?(:cancel) && @orchestrator.cancel

      # @return [Numeric, false] seconds
      def drain_timeout
        given = config[:drain_timeout]
        given.nil? ? Signals::DRAIN_SECONDS : given
      end

      # Kills the worker processes of the run that is going on.
      # @api private
      def kill_workers
        @orchestrator.kill_workers if @orchestrator.respond_to?(:kill_workers)
      end

      # In a worker process: the run that it works for is going on here, too.
      # @api private
      def run_is_elsewhere
        @guard = Process.pid
      end

      # @api private
      def renew_stats
        @stats = AggregatedStats.new(self, dag)
      end

      # Shows what came of the latest run of a pipeline that was made by the same definitions, here
      # and in the pipelines nested in both.
      # @api private
      def show_run_of(other)
        waiting = [[self, other]]
        while (here, there = waiting.shift)
          here.show(there.stats, there.last_result, there.context)
          here.nested_stages.each do |stage|
            twin = there.stages[stage.name]
            waiting << [stage.pipeline, twin.pipeline] if twin&.composite? && twin.pipeline
          end
        end
      end

      # @api private
      def forget_run
        with_nested.each { |pipeline| pipeline.show(nil, nil, nil) }
      end

      protected

      def show(stats, result, context)
        @stats, @last_result, @context = stats, result, context
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
