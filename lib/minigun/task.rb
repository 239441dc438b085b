# frozen_string_literal: true

module Minigun
  # A job: settings and a root pipeline. A class with DSL has one as its blueprint,
  # an instance gets one of its own, and `Minigun::Task.new` makes one by hand.
  #
  # To include Task in a class is to include DSL.
  module Task
    # What Task.new makes.
    class Plain; end # rubocop:disable Lint/EmptyClass

    class << self
      def new(...) = Plain.new(...)

      def append_features(base)
        base == Plain ? super : base.include(DSL)
      end
    end

    # @return [Hash] settings, live
    attr_reader :config
    # @return [Object, nil] the object it was made for
    attr_reader :context

    def initialize(config: nil, root_pipeline: nil, context: nil)
      @config = Settings::DEFAULTS.merge(config || {})
      @root_pipeline = root_pipeline || Pipeline.new(:default, @config)
      @root_pipeline.task = self
      @context = context
      @contexts = Names::Table.new
    end

    # @return [Pipeline]
    def root_pipeline = @root_pipeline

    # The pipeline that definitions are written into.
    # @api private
    def own_pipeline = @root_pipeline

    def stages = root_pipeline.stages

    def hooks = root_pipeline.hooks

    def dag = root_pipeline.dag

    alias_method :pipeline_dag, :dag

    # @return [Hash{Symbol => Pipeline}] pipelines nested directly in the root
    def pipelines
      root_pipeline.nested_stages.to_h { |stage| [Names.key(stage.name), stage.pipeline] }
    end

    # @return [StageRegistry] finds stages by name
    def stage_registry = StageRegistry.new(root_pipeline)

    # Changes a setting of the task and of all its pipelines.
    def set_config(key, value)
      @config[key] = value
      @root_pipeline&.set_config(key, value)
      value
    end

    def add_stage(type, name = nil, options = {}, **more, &block)
      own_pipeline.add_stage(type, name, options, **more, &block)
    end

    def add_hook(type, &block) = own_pipeline.add_hook(type, &block)

    def add_stage_hook(type, stage_name, &block) = own_pipeline.add_stage_hook(type, stage_name, &block)

    def reroute_stage(from, to:) = own_pipeline.reroute_stage(from, to: to)

    # Adds a nested pipeline; its block has the words of a `pipeline` block.
    #
    # @return [Pipeline]
    def add_nested_pipeline(name, options = {}, **more, &block)
      pipeline = own_pipeline.nest(name, options.merge(more))
      Builder.new(pipeline).evaluate(block) if block
      pipeline
    end

    # Adds a nested pipeline and yields it.
    #
    # @return [Pipeline]
    def define_pipeline(name, options = {}, **more)
      pipeline = own_pipeline.nest(name, options.merge(more))
      yield pipeline if block_given?
      pipeline
    end

    # Names an execution context for option `execution_context:`.
    def define_context(name, context)
      @contexts[name] = context
    end

    # @return [Placement::Context, nil]
    def named_context(name) = @contexts[name]

    # @return [Array<Symbol>]
    def context_names = @contexts.keys

    # Runs with signals handled and a summary in the log.
    #
    # @return [Integer] the count, see Pipeline#run
    def run(context)
      Runner.new(self, context).run
    end

    # Runs the root pipeline and nothing else.
    #
    # @return [Integer] the count, see Pipeline#run
    def perform(context)
      root_pipeline.run(context)
    end

    # Lets the run that is going on finish what it has accepted, see Pipeline#drain. Any thread and
    # any trap may call it.
    def drain(timeout: nil) = root_pipeline.drain(timeout: timeout)

    # Stops the run that is going on, see Pipeline#cancel.
    def cancel = root_pipeline.cancel

    # @return [Result, nil] what came of the latest run that has ended
    def last_result = root_pipeline.last_result

    # The plan in words, and after a run what was measured, see Explanation.
    #
    # @param context [Object, nil] the object whose definitions are evaluated, if none ran yet
    # @return [String]
    def explain(context = nil)
      Explanation.new(root_pipeline, run: root_pipeline.latest_run, context: context).to_s
    end

    # The task that runs for an object.
    # @api private
    def task_for(_object) = self

    # Has a block called after each run.
    # @api private
    def on_end(&block)
      @on_end = block
    end

    # @api private
    def run_ended = @on_end&.call

    def inspect = "#<Minigun::Task #{own_pipeline.inspect}>"

    # Reopened to be a task.
    class Plain
      include Task
    end
  end
end
