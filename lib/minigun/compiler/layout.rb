# frozen_string_literal: true

module Minigun
  module Compiler
    # Walks a pipeline and all nested in it, in order of definition: the stages of a
    # nested pipeline stand where its composite stands.
    class Layout
      # @return [Array<PipelineNode>] the root first, each before those nested in it
      attr_reader :runs
      # @return [Array<Node>] all stages, composites before their own
      attr_reader :nodes

      Level = Struct.new(:run, :names) unless const_defined?(:Level, false)

      def initialize(root)
        @runs = []
        @nodes = []
        walk(root)
      end

      # Numbers the steps in order.
      #
      # @return [Array<Node>] the steps
      def number
        steps = @nodes.select(&:step?)
        steps.each_with_index { |node, index| node.index = index }
        steps
      end

      # Adds a step to the root that hands what is sent to it to each of the nodes.
      #
      # @return [Node]
      def add_distributor(name, nodes)
        node = Node.new(PipelineStage.new(name: name, options: { await: true }), @runs.first)
        nodes.each { |each| node.link(each) }
        @nodes << node
        node
      end

      # Adds a step to a pipeline that is in neither its graph nor its statistics.
      #
      # @return [Node]
      def add_hidden(run, stage)
        node = Node.new(stage, run, hidden: true)
        @nodes << node
        node
      end

      private

      # Keeps its own stack: nesting may be deeper than Ruby's.
      def walk(root)
        levels = [open(root, nil)]
        until levels.empty?
          name = levels.last.names.shift
          node = name ? enter(levels.last.run, name) : nil
          levels.pop unless name
          levels.push(open(node.stage.pipeline, node)) if node && nests?(node.stage)
        end
      end

      def open(pipeline, composite)
        pipeline.parent_pipeline ||= composite.run.pipeline if composite
        refuse_loop(pipeline, composite)
        run = PipelineNode.new(pipeline, @runs.size, composite)
        composite&.nested = run
        @runs << run
        Level.new(run, pipeline.ordered_names)
      end

      def enter(run, name)
        stage = run.pipeline.stages[name].join(run.pipeline, name)
        node = Node.new(stage, run)
        run.nodes[name] = node
        @nodes << node
        node
      end

      def nests?(stage)
        stage.composite? && stage.pipeline && !stage.pipeline.stages.empty?
      end

      def refuse_loop(pipeline, composite)
        outer = composite&.run
        outer = outer.parent while outer && !outer.pipeline.equal?(pipeline)
        raise Error, "pipeline #{pipeline.name.inspect} is nested in itself; nest another one" if outer
      end
    end
  end
end
