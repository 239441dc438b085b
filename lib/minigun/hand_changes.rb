# frozen_string_literal: true

module Minigun
  # What outside code changed by hand in the structure of a class task: stages put
  # into the Hash, a new order, edges of the graph, hooks. Instances replay the list
  # of definitions, so such changes are carried over to what they get.
  class HandChanges
    # @param pipeline [Pipeline] as the definitions made it, before anybody changes it
    def initialize(pipeline)
      @pipeline = pipeline
      @stages = pipeline.stages.dup
      @order = pipeline.stage_order.dup
      @edges = edges
      @hooks = pipeline.hooks.transform_values(&:dup)
    end

    # Makes the same changes in another pipeline.
    def carry_over(other)
      @pipeline.stages.each { |name, stage| other.stages[name] = stage unless @stages[name].equal?(stage) }
      (@stages.keys - @pipeline.stages.keys).each { |name| other.stages.delete(name) }
      other.instance_variable_set(:@stage_order, order_for(other)) unless @pipeline.stage_order == @order
      carry_over_edges(other.dag)
      @pipeline.hooks.each { |type, hooks| other.hooks[type].concat(hooks - @hooks[type]) }
    end

    private

    def order_for(other) = @pipeline.stage_order | other.stage_order

    def carry_over_edges(dag)
      current = edges
      (@pipeline.dag.nodes - dag.nodes).each { |name| dag.add_node(name) if @pipeline.stages.key?(name) }
      (@edges - current).each { |from, to| dag.edges[from].delete(to) }
      (current - @edges).each { |from, to| dag.add_edge(from, to) }
    end

    def edges
      @pipeline.dag.edges.flat_map { |from, targets| targets.map { |to| [from, to] } }
    end
  end
end
