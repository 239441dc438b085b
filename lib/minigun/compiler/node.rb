# frozen_string_literal: true

module Minigun
  module Compiler
    # One stage of a run while it is being compiled.
    class Node
      PLAIN = %i[producer each batch].freeze
      private_constant :PLAIN

      # @return [Stage]
      attr_reader :stage
      # @return [PipelineNode] the pipeline it stands in
      attr_reader :run
      # @return [PipelineNode, nil] the nested pipeline of a composite
      attr_accessor :nested
      # @return [Array<Node>] where its edges lead
      attr_reader :successors
      # @return [Array<Node>] where edges to it come from
      attr_reader :predecessors
      # @return [Integer, nil] its step; nil for a composite that needs none
      attr_accessor :index
      # @return [Array<Node>] the steps it sends to
      attr_accessor :targets
      # @return [Array<Node>] the steps that send to it
      attr_reader :senders
      attr_writer :entry
      attr_writer :await

      def initialize(stage, run, hidden: false)
        @stage, @run, @hidden = stage, run, hidden
        @successors, @predecessors, @senders = [], [], []
      end

      # Is it no stage of the user's?
      def hidden? = @hidden

      # @return [Object] what `await:` says, for it or for its pipeline
      def await = @await.nil? ? @stage.await : @await

      # Adds an edge to another node.
      def link(receiver)
        @successors << receiver
        receiver.predecessors << self
      end

      # The step that gets what is sent to it; nil if nothing takes items.
      def entry
        return @entry if @stage.composite?

        producer? ? nil : self
      end

      # A composite that is a step itself: it distributes or passes on.
      def router? = @stage.composite? && @entry.equal?(self)

      def step? = !@stage.composite? || router?

      # Does it produce? A block without parameters does, but one that was not declared
      # as a producer and is given items by an edge is called for each of them.
      def producer?
        return false unless @stage.producer?

        @predecessors.empty? || !%i[processor consumer].include?(@stage.word)
      end

      # Is it called for what its signature says, or, having input, for each item? Asked
      # when all edges are known.
      def kind
        @kind ||= router? ? :router : kind_of_stage
      end

      def placement
        @placement ||= @run.placement(@stage, kind, @targets.empty?)
      end

      # Does it take no worker of its own, wherever it runs?
      def plain? = !placement.workers && PLAIN.include?(kind)

      private

      def kind_of_stage
        kind = @stage.signature&.kind
        kind == :producer && !producer? ? :each : kind
      end
    end

    # One pipeline of a run while it is being compiled.
    class PipelineNode
      attr_reader :pipeline, :index, :parent, :composite, :nodes, :before_fork, :after_fork, :policy
      # @return [Hooks, nil] where its stages have hooks
      attr_reader :stage_hooks
      # @return [Object] capacity of its stages' queues, where they don't say, as it was given
      attr_reader :queue_size
      # @return [Integer, false, nil] bytes that its stages' queues may hold, where they don't say
      attr_reader :queue_bytes
      # @return [Array<Node>] where the output of its terminal stages goes
      attr_accessor :outlets
      # @return [Array<Node>] the steps whose output leaves it
      attr_accessor :exits

      # @param composite [Node, nil] the stage that wraps it; nil for the root
      def initialize(pipeline, index, composite)
        @pipeline, @index, @composite = pipeline, index, composite
        @parent = composite&.run
        @nodes = {}
        @outlets = []
        @exits = []
        @before_fork = inherit(:before_fork)
        @after_fork = inherit(:after_fork)
        @policy = Policy.of_pipeline(pipeline, parent&.policy)
        @stage_hooks = pipeline.hook_table unless pipeline.hook_table.none_of_stages?
        @queue_size = own_queue_size
        @queue_bytes = own_queue_bytes
        @placements = {}
      end

      # Stages that say nothing about it themselves share their placement.
      def placement(stage, kind, terminal)
        return Placement.new(stage, pipeline, kind, terminal) if stage.execution_context || stage.given_options.any?

        (@placements[terminal] ||= {})[kind] ||= Placement.new(stage, pipeline, kind, terminal)
      end

      # Is it this pipeline, or nested in it at any depth?
      def within?(other)
        run = self
        run = run.parent while run && !run.equal?(other)
        !run.nil?
      end

      def record
        PipelineRun.new(
          pipeline: pipeline, index: index, parent_index: parent&.index, stage_name: composite&.stage&.name,
          stage_stats: stage_stats,
          step_indexes: nodes.each_value.filter_map(&:index), exits: exits.map(&:index),
          source: !composite.nil? && composite.predecessors.empty?, hooks: hooks
        )
      end

      private

      # Those of its stage in the pipeline around it.
      def stage_stats
        parent&.pipeline&.stats&.for_stage(composite.stage.name, is_terminal: composite.successors.empty?)
      end

      def own_queue_bytes
        own = pipeline.options[:queue_bytes]
        return own unless own.nil?

        parent ? parent.queue_bytes : pipeline.config[:default_queue_bytes]
      end

      def own_queue_size
        own = pipeline.options[:queue_size]
        return own unless own.nil?
        return parent.queue_size if parent

        configured = pipeline.config[:default_queue_size]
        configured.nil? ? Minigun.default_queue_size : configured
      end

      def inherit(type)
        own = pipeline.hooks[type]
        outer = parent ? parent.public_send(type) : []
        own.empty? ? outer : outer + own
      end

      def hooks
        { before_run: pipeline.hooks[:before_run].dup, after_run: pipeline.hooks[:after_run].dup,
          after_producer: pipeline.hook_table.after_producer.dup }
      end
    end
  end
end
