# frozen_string_literal: true

module Minigun
  module Execution
    # What a run returns: the intake of the root pipeline's accumulators if one of them
    # passed something on, else what its producers and source pipelines emitted.
    # @api private
    class Tally
      ROOT = 0

      def initialize(program)
        @program = program
      end

      # @return [Integer]
      def count
        accumulators = of_root(:batch)
        return accumulators.sum { |step| step.stats.items_consumed } if accumulators.any? { |step| passed_on?(step) }

        of_root(:producer).sum { |step| produced(step) } + sources.sum { |part| forwarded(part) }
      end

      private

      def of_root(kind)
        @program.steps.select { |step| step.pipeline_index == ROOT && step.kind == kind && step.stats }
      end

      def passed_on?(step) = produced(step).positive?

      def produced(step) = step.stats.items_produced

      def sources
        @program.pipelines.select { |part| part.source && part.parent_index == ROOT }
      end

      def forwarded(part)
        part.exits.sum { |index| produced(@program.steps[index]) }
      end
    end
  end
end
