# frozen_string_literal: true

module Minigun
  # The task of a class: its settings and its definition list. Structure is made
  # of the list only when somebody asks for it; each instance replays the list on a
  # task of its own.
  class Blueprint < Task::Plain
    # @return [Definition]
    attr_reader :definition

    # @param owner [Class] the class, self of what is evaluated without an instance
    def initialize(owner, config: nil, definition: Definition.new, hand_changes: [])
      super(config: config)
      @owner = owner
      @definition = definition
      @inherited = definition.count
      @inherited_changes = hand_changes
      start_over
    end

    # A blueprint for a subclass, with what this one has by now.
    def inherit(owner)
      absorb
      changes = (@inherited_changes + @hand_changes).map(&:settled)
      Blueprint.new(owner, config: @config.dup, definition: @definition.inherit, hand_changes: changes)
    end

    # Records a word.
    def record(word, arguments, options, block, place = nil)
      absorb
      entry = Definition::Entry.new(word, arguments, options, block, place)
      @definition.add(entry) ? start_over : @pending << entry
      @generation = Object.new
      @root_pipeline.forget_run if @finished
      @finished = nil
    end

    # The root pipeline of the run that finished last, else what the list defines.
    def root_pipeline
      return own_pipeline unless @finished

      @shown ||= HandChanges.new(@finished.root_pipeline)
      @finished.root_pipeline
    end

    def own_pipeline
      materialize
      @root_pipeline
    end

    # Also of the task whose run is shown here.
    def set_config(key, value)
      @finished&.set_config(key, value)
      super
    end

    def add_stage(type, name = nil, options = {}, **more, &block)
      record(:add_stage, [type, name], options.merge(more), block)
    end

    def add_hook(type, &block)
      record(type, [], {}, block)
    end

    def add_stage_hook(type, stage_name, &block)
      record(type, [stage_name], {}, block)
    end

    def reroute_stage(from, to:)
      record(:reroute_stage, [from], { to: to }, nil)
    end

    # The task of one object: the list replayed with that object as self.
    #
    # @return [Task]
    def instantiate(object)
      absorb
      Evaluation.lend_words(object)
      warn_of_hidden_words(object.class)
      task = Task.new(config: @config.dup, context: object)
      generation = @generation
      task.on_end { show_run_of(task) if generation.equal?(@generation) }
      replay = Replay.new(task, object)
      in_turn(@definition, task.root_pipeline) { |entries| replay.call(entries) }
      @hand_changes.each { |changes| changes.carry_over(task.root_pipeline) }
      task
    end

    # Answers the words for settings, without asking for structure.
    # @api private
    def settings = Builder.new(@root_pipeline)

    def run(context) = task_for(context).run(context)

    def perform(context) = task_for(context).perform(context)

    # The task that runs for an object: an instance of the class brings its own.
    # @api private
    def task_for(object)
      own = object.is_a?(DSL) && object.class._minigun_task.equal?(self)
      own ? Instance.of(object).evaluate : instantiate(object)
    end

    private

    # Who has asked for the structure before the run sees there what came of it.
    def show_run_of(task)
      absorb
      @finished = task
      @root_pipeline.show_run_of(task.root_pipeline)
    end

    # What was changed by hand in the run's pipeline that is shown here was meant for the class.
    def absorb
      shown, @shown = @shown, nil
      shown.carry_over(own_pipeline) if shown&.any?
    end

    def start_over
      @root_pipeline = Pipeline.new(:default, @config)
      @root_pipeline.task = self
      @pending = @definition.to_a
      @hand_changes = []
      @generation = Object.new
      @finished = nil
    end

    def warn_of_hidden_words(klass)
      return if @warned || @definition.none?(&:pipeline_block?)

      @warned = true
      hidden = Builder::BLOCK_WORDS.select { |word| klass.method_defined?(word) || klass.private_method_defined?(word) }
      return if hidden.empty?

      Minigun.logger.warn("#{klass}: its own methods hide these words in pipeline blocks: #{hidden.join(", ")}")
    end

    def materialize
      return if @pending.empty?

      entries, @pending = @pending, []
      @hand_changes.last&.settle
      replay = Replay.new(self, @owner, strict: false)
      if @hand_changes.empty?
        in_turn(entries, @root_pipeline) { |part| replay.call_leniently(part) }
      else
        replay.call_leniently(entries)
      end
      @hand_changes << HandChanges.new(@root_pipeline)
    end

    # Yields what is inherited, makes the changes by hand that are, yields the rest.
    def in_turn(entries, pipeline)
      return yield(entries) if @inherited_changes.empty?

      yield entries.first(@inherited)
      @inherited_changes.each { |changes| changes.carry_over(pipeline) }
      yield entries.drop(@inherited)
    end
  end
end
