# frozen_string_literal: true

module Minigun
  module Compiler
    # Finds the stages of a run by name, by the same levels as StageRegistry.
    class Directory
      # @return [Hash{Symbol => Node}] what stands for each queue that stages subscribe to
      attr_writer :queues

      def initialize(layout)
        @runs = layout.runs
        @nodes = layout.nodes
        @queues = {}
      end

      # The node that a name, a Stage or a queue means in a pipeline of the run; nil if none.
      def find(target, run_index)
        return @queues[target.name] || Subscriptions.refuse(target.name, @queues.keys) if target.is_a?(Subscriptions::Queue)
        return by_stage[target] || find(target.name, run_index) if target.is_a?(Stage)

        name = Names::Table.key(target)
        from = @runs[run_index]
        from.nodes[name] || find_elsewhere(name, from)
      end

      private

      def find_elsewhere(name, from)
        all = by_name[name] or return
        below = all.select { |node| node.run.within?(from) }
        StageRegistry.only(name, below, "in nested pipelines") || StageRegistry.only(name, all, "globally")
      end

      def by_name
        @by_name ||= @runs.flat_map { |run| run.nodes.values }.group_by { |node| Names.key(node.stage.name) }
      end

      def by_stage
        @by_stage ||= @nodes.to_h { |node| [node.stage, node] }.compare_by_identity
      end
    end
  end
end
