# frozen_string_literal: true

require_relative "pipeline/nesting"
require_relative "pipeline/running"

module Minigun
  # Stages, their order, their graph and their hooks. Runs on its own, with any
  # object as the context of its blocks.
  #
  #   line = Minigun::Pipeline.new(:line)
  #   line.add_stage(:producer, :count) { 3.times { |n| emit n } }
  #   line.add_stage(:consumer, :show) { |n| puts n }
  #   line.run(Object.new) # => 3
  class Pipeline
    include Nesting
    include Running

    NONE = {}.freeze
    private_constant :NONE

    # @return [Symbol, String]
    attr_reader :name
    # @return [Hash] its own settings
    attr_reader :config
    # @return [Hash{Symbol => Stage}] live; changes by hand take part in the next run
    attr_reader :stages
    # @return [Array<Symbol>] names in order of definition, live
    attr_reader :stage_order
    # @return [DAG] graph of stage names, live
    attr_reader :dag
    # @return [Array] queues that feed it from outside
    attr_reader :input_queues
    # @return [Hash] queues by the name of what they lead to
    attr_reader :output_queues
    # @return [Hash] options it was declared with, without edges
    attr_reader :options
    # @return [Execution::Run, nil] the latest run, or the one going on
    # @api private
    attr_accessor :latest_run

    def initialize(name, config = {}, options = {})
      @name = name
      @config = Settings.over_defaults(config)
      @options = options
      @stages = Names::Table.new
      @stage_order = []
      @dag = DAG.new
      @hooks = Hooks.new
      @input_queues = []
      @output_queues = {}
      @rerouted = {}
      @edges_replaced = false
    end

    def initialize_copy(other)
      super
      @config = other.config.dup
      @stages = other.stages.dup
      @stage_order = other.stage_order.dup
      @dag = other.dag.dup
      @hooks = @hooks.dup
      @rerouted = @rerouted.dup
      @input_queues, @output_queues = [], {}
      @stats = @guard = @orchestrator = @latest_run = nil
    end

    # @return [Hash{Symbol => Array<Proc>}] hooks of the pipeline, by type
    def hooks = @hooks.pipeline_level

    # @return [Hash] hooks of its stages, by type and name
    def stage_hooks = @hooks.stage_level

    # @api private
    def hook_table = @hooks

    # Defines a stage; one of the same name is replaced.
    #
    # @param type [Symbol, Class] :stage, :producer, :processor, :consumer, :accumulator
    #   or a descendant of Stage
    # @return [Stage]
    def add_stage(type, name = nil, options = NONE, more = NONE, &block)
      name, options, more = nil, name, options if name.is_a?(Hash)
      name ||= free_name(type)
      StageDefinition.take_apart(type, name, Options.together(options, more), self) do |targets, sources, hooks, left|
        register(StageDefinition.stage(type, name, left, block, self), targets, sources, hooks)
      end
    end

    # Enters a stage with the edges and hooks of its definition.
    # @api private
    def register(stage, targets, sources, hooks)
      key = Names.key(stage.name)
      known = @stages.size
      @stages[key] = stage
      @stage_order << key if @stages.size > known
      @dag.add_node(key)
      connect(key, targets, sources)
      @hooks.define_inline(key, hooks)
      stage
    end

    # The stage a name means here, see StageRegistry; nil if none.
    def find_stage(name)
      StageRegistry.new(self).find_by_name(name, from_pipeline: self)
    end

    # Appends a hook of the pipeline: :before_run, :after_run, :before_fork, :after_fork.
    def add_hook(type, &block) = @hooks.add(type, block)

    # Appends a hook of a stage: :before, :after, :before_fork, :after_fork.
    def add_stage_hook(type, stage_name, &block) = @hooks.add_to_stage(type, stage_name, block)

    # Replaces all outgoing edges of a stage.
    #
    #   pipeline.reroute_stage(:parse, to: %i[store index])
    def reroute_stage(from, to:)
      @edges_replaced = true
      from = Names.key(from)
      @rerouted[from] = true unless @stages.key?(from)
      @dag.add_node(from)
      @dag.disconnect(from)
      Names.keys(to).each { |target| add_edge(from, target) }
    end

    # Were edges replaced? Some stages may then be left out on purpose.
    # @api private
    def rerouted? = @edges_replaced

    # Adds an edge to the graph.
    #
    # @raise [Error] it would close a cycle
    # @api private
    def add_edge(from, to)
      @dag.add_edge(from, to)
    rescue Error => e
      raise Error, "pipeline #{@name.inspect}: #{e.message}; leave out one of these edges"
    end

    def input_queue = @input_queues.first

    def input_queue=(queue)
      add_input_queue(queue)
    end

    def add_input_queue(queue) = @input_queues << queue

    def add_output_queue(name, queue)
      @output_queues[name] = queue
    end

    def inspect = "#<#{self.class} #{name} (#{stages.size} stages)>"

    # The names of all stages: those of the order, then what was inserted by hand.
    # @param keys [Array<Symbol>] all of them; they themselves are the answer if they are in order
    # @api private
    def ordered_names(keys = @stages.keys)
      return keys if @stage_order == keys

      ordered = Names.keys(@stage_order).uniq.select { |name| @stages.key?(name) }
      ordered.size == keys.size ? ordered : ordered | keys
    end

    # What #restore needs to undo later definitions.
    # @api private
    def state = [@stages.dup, @stage_order.dup, @dag.dup, @hooks.dup]

    # @api private
    def restore(state)
      @stages, @stage_order, @dag, @hooks = state
    end

    private

    def connect(key, targets, sources)
      targets.each { |target| add_edge(key, target) } unless @rerouted.delete(key)
      sources.each { |source| add_edge(source, key) }
    end

    def free_name(type)
      base = type.is_a?(Class) ? type.name || "stage" : type
      number = @stages.size + 1
      number += 1 while @stages.key?(:"#{base}##{number}")
      :"#{base}##{number}"
    end

    def find_all_producers
      @stages.each_value.select do |stage|
        stage.composite? ? @dag.upstream(Names.key(stage.name)).empty? : stage.producer?
      end
    end

    # @yield [name] what a name means that is no stage of this pipeline; nil if nothing
    def build_dag_routing!(&elsewhere)
      Routing.new(self).complete(&elsewhere || method(:find_stage))
    end
  end
end
