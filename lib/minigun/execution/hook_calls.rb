# frozen_string_literal: true

module Minigun
  module Execution
    # Calls the hooks of a run that belong to no item: around the run, before forks, behind producers.
    # @api private
    class HookCalls
      def initialize(program, context)
        @program, @context = program, context
      end

      # From the outside in.
      def before_run
        @program.pipelines.each { |part| call(part.hooks[:before_run]) }
      end

      # From the inside out.
      def after_run
        @program.pipelines.reverse_each { |part| call(part.hooks[:after_run]) }
      end

      # In the parent, for each stage that forks or ends a line.
      def before_fork
        return unless Process.respond_to?(:fork)

        @program.steps.each { |step| call(step.before_fork) if forks?(step) || ends_line?(step) }
      end

      # Once in each pipeline, when the last of its producers has ended.
      #
      # @param step [Step] a producer or loop that has
      def head_ended(step)
        return unless step.kind == :producer

        part = @program.pipelines[step.pipeline_index]
        left = producers_left[part.index] -= 1
        call(part.hooks[:after_producer]) if left.zero?
      end

      private

      def forks?(step) = step.context == :cow_fork || step.context == :ipc_fork

      def ends_line?(step) = step.targets.empty? && (step.kind == :each || step.kind == :batch)

      def producers_left
        @producers_left ||= @program.steps.select { |step| step.kind == :producer }.map(&:pipeline_index).tally
      end

      def call(hooks)
        hooks&.each { |hook| @context.instance_exec(&hook) }
      end
    end
  end
end
