# frozen_string_literal: true

module Minigun
  module Execution
    # The counters of a pipeline within a pipeline, as those of one stage: what went in at its
    # entrances and came out at its exits.
    # @api private
    class CompositeCounters
      # @param run [Run]
      # @param program [Program]
      # @param part [PipelineRun]
      def initialize(run, program, part)
        @run = run
        @exits = part.exits
        parts = subtree(program, part.index)
        inside = program.steps.select { |step| parts[step.pipeline_index] }.to_h { |step| [step.index, step] }
        @steps = inside.keys
        entrances = inside.each_value.select { |step| !step.upstreams.all? { |index| inside.key?(index) } }
        @entrances = entrances.map(&:index)
      end

      # @return [Array] as Run#counters, without latencies
      def counters(_index)
        all = @steps.to_h { |index| [index, @run.counters(index)] }
        consumed = @entrances.sum { |index| all[index][0] }
        produced = @exits.sum { |index| all[index][1] }
        starts, ends = all.values.map { |counters| counters[3, 2] }.transpose.map(&:compact)
        [consumed, produced, 0, starts.min, (ends.max if ends.size == starts.size), 0, []]
      end

      private

      # Parents stand before their children.
      def subtree(program, top)
        program.pipelines.each_with_object({ top => true }) do |part, parts|
          parts[part.index] = true if parts[part.parent_index]
        end
      end
    end
  end
end
