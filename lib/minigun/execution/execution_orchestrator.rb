# frozen_string_literal: true

require_relative "composite_counters"
require_relative "drivers"
require_relative "hook_calls"
require_relative "run"

module Minigun
  module Execution
    # Runs a pipeline: compiles its program, fires its hooks, sets the native run going,
    # and leaves nothing behind, however the run ends.
    class ExecutionOrchestrator
      # Seconds a worker is given to leave before it is told again.
      PATIENCE = 0.25

      # Seconds after which a thread that will not end is left to itself.
      SHUTDOWN = 30

      NEVER = { Object => :never }.freeze
      IMMEDIATE = { Object => :immediate }.freeze
      private_constant :NEVER, :IMMEDIATE

      # @return [Pipeline]
      attr_reader :pipeline

      # @return [Run, nil] that of the latest run, for what wants to look on
      attr_reader :run

      def initialize(pipeline)
        @pipeline = pipeline
      end

      # @param context [Object] self of all blocks and hooks
      # @return [Integer] see Pipeline#run
      def execute(context)
        @context, @plan = context, nil
        lend_emit
        uninterrupted do
          @program = Compiler.compile(@pipeline, context)
          @hooks = HookCalls.new(@program, context)
        end
        all_stats(&:start!)
        @hooks.before_run
        count = carry_out
        @hooks.after_run
        count
      end

      # Where the stages of the pipeline run, for what wants to look on.
      # @return [ExecutionPlan, nil] nil before the first run
      def plan
        @plan ||= ExecutionPlan.new(@pipeline.dag, @pipeline.stages, @pipeline.config).plan! if @program
      end

      # Lets the run finish what it has accepted.
      # @param timeout [Numeric, nil] seconds after which the rest is cancelled
      # @return [Boolean] false if it hasn't begun
      def drain(timeout = nil)
        return false unless @run&.live?

        @run.drivers.each_value { |driver| driver.drain if driver.respond_to?(:drain) }
        @run.drain(timeout)
        true
      end

      # Stops the run.
      # @return [Boolean] false if it hasn't begun
      def cancel
        return false unless @run&.live?

        @run.cancel(Cancelled.new("the run was cancelled"))
        true
      end

      # Kills the worker processes of the run.
      # @api private
      def kill_workers
        @run&.drivers&.each_value { |driver| driver.kill if driver.respond_to?(:kill) }
      end

      private

      # The first run loads parts of the library; an interrupt would leave them loaded by halves.
      def uninterrupted(&block) = Thread.handle_interrupt(NEVER, &block)

      # Any object can be the context, so one without emit gets it. A frozen one can't.
      def lend_emit
        return if Emitter === @context || Object.instance_method(:frozen?).bind_call(@context)

        has_it = @context.respond_to?(:emit, true)
        @context.extend(Emitter) unless has_it
      end

      def carry_out
        @pipeline.latest_run = @run = Run.new(@context, @program)
        @run.on_head_ended { |step| @hooks.head_ended(step) }
        conclusion = Conclusion.new(@pipeline, @run)
        guarded { run_steps }
        error = @run.error || @run.failures.over_limit
        conclusion.draw(error, whole: !@abandoned)
        raise error if error

        Tally.new(@program).count
      ensure
        conclusion&.draw_late($!, whole: !@abandoned)
      end

      def run_steps
        @run.failures.dead_letters.prepare
        @hooks.before_fork
        prepare_drivers
        uninterrupted { @run.set_up }
        attach_stats
        @run.start
        @run.wait
      end

      # Whatever ends the block, nothing of the run is left when this returns.
      def guarded
        Thread.handle_interrupt(NEVER) do
          Thread.handle_interrupt(IMMEDIATE) { yield }
          completed = true
        ensure
          # A timeout may be a throw, which is no exception; a fatal error has only closed the queues.
          @run.cancel if @run.live? && (!completed || @run.cancelled?)
          clean_up
        end
      end

      def clean_up
        end_workers if @run.live?
        @run.drivers.each_value { |driver| driver.shutdown if driver.respond_to?(:shutdown) }
        @run.stamp_end if @run.live?
        @run.finish_acknowledging(shutdown_timeout)
        @program.steps.each { |step| step.stats&.detach }
        @program.pipelines.each { |part| part.stage_stats&.detach }
        all_stats(&:finish!)
      end

      def end_workers
        deadline = Clock.now + shutdown_timeout
        until @run.wait(PATIENCE)
          break abandon if Clock.now > deadline

          @run.cancel
        end
        @run.threads.each { |thread| thread.join(PATIENCE) } unless Clock.now > deadline
        @run.settle_books
      end

      def shutdown_timeout = @pipeline.config[:shutdown_timeout] || SHUTDOWN

      def abandon
        @abandoned = true
        Minigun.logger.error("[Pipeline:#{@pipeline.name}] a stage doesn't end; its thread is left to itself")
      end

      def prepare_drivers
        uninterrupted do
          @program.steps.each do |step|
            driver = Execution.driver_for(step, @run)
            @run.drivers[step.index] = driver if driver
          end
        end
        @run.drivers.each_value { |driver| driver.prepare if driver.respond_to?(:prepare) }
      end

      def attach_stats
        @program.steps.each { |step| step.stats&.attach(@run, step.index) }
        @program.pipelines.each do |part|
          part.stage_stats&.attach(CompositeCounters.new(@run, @program, part), part.index)
        end
      end

      def all_stats(&block)
        @program.pipelines.each { |part| part.pipeline.stats&.then(&block) }
      end
    end
  end
end
