# frozen_string_literal: true

module Minigun
  # The words of definitions. Each writes into one pipeline; none runs anything.
  # Context words and nested pipelines evaluate their block with self unchanged and
  # a builder of their own.
  class Builder
    include Native::Words

    STAGE_WORDS = %i[stage producer processor consumer].freeze
    SPAWN_WORDS = Stage::SPAWN_STRATEGIES
    CONTEXT_WORDS = {
      thread_pool: :thread, cow_fork: :cow_fork, ipc_fork: :ipc_fork, ractor_pool: :ractor, fiber_pool: :fiber,
      fork_ipc: :ipc_fork, fork_accumulate: :cow_fork, ractor_accumulate: :ractor
    }.freeze
    HOOK_WORDS = %i[before_run after_run after_producer before_fork after_fork before after].freeze
    BLOCK_WORDS = [*STAGE_WORDS, *SPAWN_WORDS, *CONTEXT_WORDS.keys, *HOOK_WORDS, :accumulator, :batch, :custom_stage,
                   :pipeline, :nested_pipeline, :native, :reroute_stage, :execution_context].freeze
    WORDS = [*BLOCK_WORDS, *Settings::WORDS, :execution].freeze
    NONE = {}.freeze
    private_constant :NONE

    # @param object [Object, nil] self of nested blocks; the builder itself if nil
    # @param strict [Boolean] does a name defined twice within blocks raise StageNameConflict?
    def initialize(pipeline, object: nil, strict: false)
      @pipeline = pipeline
      @object = object || self
      @taken = strict ? {} : nil
      @inside = false
      @context = nil
    end

    # Evaluates a block of definitions.
    def evaluate(block)
      Evaluation.evaluate(@object, self, block)
    end

    STAGE_WORDS.each do |word|
      define_method(word) do |name, options = NONE, **more, &block|
        add(word, name, Options.together(options, more), block)
      end
    end

    SPAWN_WORDS.each do |word|
      define_method(word) do |name = :consumer, options = {}, **more, &block|
        add(:processor, name, options.merge(more, strategy: word), block)
      end
    end

    # What Task#add_stage records.
    def add_stage(type, name = nil, options = {}, **more, &block)
      add(type, name, options.merge(more), block)
    end

    def accumulator(name = :accumulator, options = {}, **more, &block)
      add(:accumulator, name, options.merge(more), block)
    end

    # Packs items into Arrays of a size.
    def batch(size, options = {}, **more)
      add(:accumulator, nil, options.merge(more, max_size: size), nil)
    end

    # A stage that is an instance of the user's class.
    def custom_stage(stage_class, name = nil, options = {}, **more)
      unless stage_class.is_a?(Class) && stage_class <= Stage
        raise Error, "pipeline #{@pipeline.name.inspect}: custom_stage takes a descendant of Minigun::Stage, " \
                     "not #{stage_class.inspect}"
      end
      add(stage_class, name, options.merge(more), nil)
    end

    CONTEXT_WORDS.each do |word, type|
      define_method(word) do |first = nil, options = {}, **more, &block|
        case first
        when Symbol, String then context_stage(type, first, options.merge(more), block)
        else context_block(word, Placement::Context.new(type, first || more[:max] || more[:size]), block)
        end
      end
    end

    # A nested pipeline; without a name, mere grouping.
    def pipeline(name = nil, options = {}, **more, &block)
      target = name.nil? ? @pipeline : nest(name, options.merge(more))
      inside(pipeline: target).evaluate(block)
    end

    # A nested pipeline made of what another class defines; its blocks run on the object
    # of this one.
    def nested_pipeline(job_class, name, options = {}, **more)
      unless job_class.is_a?(Class) && job_class <= DSL
        raise Error, "pipeline #{@pipeline.name.inspect}: nested_pipeline takes a class that includes Minigun::DSL, " \
                     "not #{job_class.inspect}"
      end
      builder = inside(pipeline: nest(name, options.merge(more)))
      job_class._minigun_task.definition.each do |entry|
        builder.public_send(entry.word, *entry.arguments, **entry.options, &entry.block)
      end
    end

    %i[before_run after_run after_producer].each do |type|
      define_method(type) { |&block| @pipeline.add_hook(type, &block) }
    end

    %i[before_fork after_fork].each do |type|
      define_method(type) do |stage = nil, &block|
        stage ? @pipeline.add_stage_hook(type, stage, &block) : @pipeline.add_hook(type, &block)
      end
    end

    %i[before after].each do |type|
      define_method(type) { |stage, &block| @pipeline.add_stage_hook(type, stage, &block) }
    end

    def reroute_stage(from, options = {}, to: options[:to]) = @pipeline.reroute_stage(from, to: to)

    # The context of all non-terminal stages that have none of their own.
    def execution(type, size = nil, max: size)
      set(:execution, Placement::Context.new(type, max))
    end

    # A context that stages choose by name.
    def execution_context(name, type, size = nil, max: size)
      @pipeline.task.define_context(name, Placement::Context.named(type, max))
    end

    Settings::WORDS.each do |setting|
      define_method(setting) { |value| set(setting, value) }
    end

    private

    # A builder for the words inside a block.
    def inside(pipeline: @pipeline, context: @context, block: true)
      copy = dup
      copy.instance_exec(@object.equal?(self)) do |own_self|
        @object = self if own_self
        @pipeline, @context = pipeline, context
        @inside ||= block
      end
      copy
    end

    def set(setting, value)
      (@pipeline.task || @pipeline).set_config(setting, value)
    end

    def add(type, name, options, block)
      claim(name) if name
      stage = @pipeline.add_stage(type, name, options, &block)
      stage.place_in(@context) if @context
      stage
    end

    # Notes a name as taken by a block, and refuses one that is.
    def claim(name)
      return unless @taken && @inside

      taken = @taken[@pipeline] ||= Names::Table.new
      conflict(name) if taken.key?(name)
      taken[name] = true
    end

    def conflict(name)
      raise StageNameConflict, "stage name #{name.inspect} is taken in pipeline #{@pipeline.name.inspect}; " \
                               "each stage of a pipeline needs a name of its own"
    end

    def nest(name, options)
      claim(name)
      @pipeline.nest(name, options)
    end

    def context_stage(type, name, options, block)
      size = options.values_at(:max, :threads, :processes).compact.first
      claim(name)
      @pipeline.add_stage(:processor, name, options, &block).place_in(Placement::Context.new(type, size))
    end

    def context_block(word, context, block)
      raise ArgumentError, "#{word} needs a block" unless block

      inside(context: context, block: false).evaluate(block)
    end
  end
end
