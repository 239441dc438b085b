# frozen_string_literal: true

module Minigun
  # What outside code changed by hand in the structure of a class task: stages put
  # into the Hash, a new order, edges of the graph, hooks. Instances replay the list
  # of definitions, so such changes are carried over to what they get.
  class HandChanges
    # The structure of a pipeline at one time.
    class State
      attr_reader :stages, :order, :nodes, :edges, :hooks, :stage_hooks

      def initialize(pipeline)
        @stages = pipeline.stages.dup
        @order = pipeline.stage_order.dup
        @nodes = pipeline.dag.nodes.dup
        @edges = pipeline.dag.edges.flat_map { |from, targets| targets.map { |to| [from, to] } }
        @hooks = pipeline.hooks.transform_values(&:dup)
        @stage_hooks = pipeline.stage_hooks.flat_map do |type, by_name|
          by_name.flat_map { |name, hooks| hooks.map { |hook| [type, name, hook] } }
        end
      end

      def ==(other)
        parts == other.parts && stages.each_value.zip(other.stages.each_value).all? { |one, two| one.equal?(two) }
      end

      protected

      def parts = [stages.keys, order, nodes, edges, hooks, stage_hooks]
    end

    # @param pipeline [Pipeline] as the definitions made it, before anybody changes it
    def initialize(pipeline)
      @pipeline = pipeline
      @before = State.new(pipeline)
    end

    # Was anything changed until now?
    def any? = @before != (@after || State.new(@pipeline))

    # To be called before more definitions are applied: what they change is not by hand.
    def settle
      @after ||= State.new(@pipeline)
    end

    # The changes made until now, for a class that inherits them.
    def settled = dup.tap(&:settle)

    # Makes the same changes in another pipeline.
    def carry_over(other)
      after = @after || State.new(@pipeline)
      after.stages.each { |name, stage| other.stages[name] = stage unless @before.stages[name].equal?(stage) }
      (@before.stages.keys - after.stages.keys).each { |name| other.stages.delete(name) }
      other.instance_variable_set(:@stage_order, after.order | other.stage_order) unless after.order == @before.order
      carry_over_edges(after, other.dag)
      carry_over_hooks(after, other)
    end

    private

    def carry_over_hooks(after, other)
      after.hooks.each do |type, hooks|
        other.hooks[type].replace((other.hooks[type] - (@before.hooks[type] - hooks)) + (hooks - @before.hooks[type]))
      end
      (@before.stage_hooks - after.stage_hooks).each { |type, name, hook| other.stage_hooks[type][name]&.delete(hook) }
      (after.stage_hooks - @before.stage_hooks).each { |type, name, hook| other.add_stage_hook(type, name, &hook) }
    end

    def carry_over_edges(after, dag)
      (after.nodes - dag.nodes).each { |name| dag.add_node(name) if after.stages.key?(name) }
      (@before.edges - after.edges).each { |from, to| dag.edges[from].delete(to) }
      (after.edges - @before.edges).each { |from, to| dag.add_edge(from, to) }
    end
  end
end
