# frozen_string_literal: true

module Minigun
  # Takes apart what one stage word says: the stage, its edges and its inline hooks.
  module StageDefinition
    WORDS = %i[stage producer processor consumer].freeze
    CLASSES = { producer: ProducerStage, each: ConsumerStage, loop: AtomicStage }.freeze

    NONE = [].freeze

    # Options that are of the definition, not of the stage.
    OWN = [:to, :from, *Hooks::STAGE_TYPES].freeze
    private_constant :OWN

    module_function

    # @param type [Symbol, Class] a word, or a descendant of Stage
    # @param pipeline [Pipeline] for messages
    # @yieldparam targets [Array<Symbol>] names the stage sends to
    # @yieldparam sources [Array<Symbol>] names the stage gets from
    # @yieldparam hooks [Array<Array(Symbol, Proc)>] inline hooks, by type
    # @yieldparam left [Hash] the options that are left
    # @return [Object] what the block returns
    def take_apart(type, name, options, pipeline)
      return yield(NONE, NONE, NONE, Stage::NO_OPTIONS) if options.empty?

      begin
        targets, sources = names(options, :to), names(options, :from)
        hooks = hooks(options, custom?(type))
        left = custom?(type) ? options : of_the_stage(options)
      rescue ArgumentError, Error => e
        raise e.class, "pipeline #{pipeline.name.inspect}, stage #{name.inspect}: #{e.message}"
      end
      yield targets, sources, hooks, left
    end

    # The stage itself, for a pipeline.
    #
    # @param options [Hash] those that are left
    # @return [Stage]
    def stage(type, name, options, block, pipeline)
      made = custom?(type) ? type.new(name, pipeline, block, options.dup) : built_in(type, name, options, block)
      made.join(pipeline, name)
    end

    def custom?(type) = type.is_a?(Class) && type <= Stage

    def built_in(type, name, options, block)
      case type
      when :accumulator then AccumulatorStage.new(name: name, block: block, options: options)
      when *WORDS then atomic(type, name, options, block)
      else raise Error, "unknown stage type #{type.inspect}: use one of #{[*WORDS, :accumulator].join(", ")}, " \
                        "or a descendant of Minigun::Stage"
      end
    end

    def atomic(word, name, options, block)
      return AtomicStage.new(name, nil, nil, options) unless block
      return ConsumerStage.new(name, nil, block, options).declare(word) if Signature.each?(word, block)

      signature = Signature.of(word, block)
      CLASSES.fetch(signature.kind).new(name, nil, block, options).declare(word, signature)
    end

    # Not by Hash#except, whose result has the memory of the whole.
    def of_the_stage(options)
      rest = nil
      options.each { |option, value| (rest ||= {})[option] = value unless OWN.include?(option) }
      rest || Stage::NO_OPTIONS
    end

    def names(options, option)
      given = options[option]
      given.nil? ? NONE : Names.keys(given)
    rescue ArgumentError => e
      raise ArgumentError, "#{option}: #{e.message}"
    end

    def hooks(options, custom)
      return NONE unless Hooks::STAGE_TYPES.any? { |type| options.key?(type) }

      Hooks::STAGE_TYPES.flat_map { |type| hooks_of(type, options[type], custom) }
    end

    def hooks_of(type, given, custom)
      hooks = Array(given)
      return [] if custom && hooks.none? { |hook| hook.respond_to?(:to_proc) }

      hooks.map { |hook| [type, hook_block(type, hook)] }
    end

    def hook_block(type, hook)
      return hook if hook.is_a?(Proc)
      return hook.to_proc if hook.respond_to?(:to_proc) && !hook.is_a?(Symbol)

      raise Error, "#{type}: takes a proc or a lambda, not #{hook.inspect}"
    end
    private_class_method :custom?, :built_in, :atomic, :of_the_stage, :names, :hooks, :hooks_of, :hook_block
  end
end
