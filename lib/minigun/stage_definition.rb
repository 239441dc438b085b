# frozen_string_literal: true

module Minigun
  # What one stage word says: the stage, its edges and its inline hooks, taken
  # apart from the options.
  class StageDefinition
    WORDS = %i[stage producer processor consumer].freeze
    CLASSES = { producer: ProducerStage, each: ConsumerStage, loop: AtomicStage }.freeze

    # @return [Array<Symbol>] names the stage sends to
    attr_reader :targets
    # @return [Array<Symbol>] names the stage gets from
    attr_reader :sources
    # @return [Array<Array(Symbol, Proc)>] inline hooks, by type
    attr_reader :hooks
    # @return [Hash] the options that are left
    attr_reader :options

    def initialize(type, name, options, block)
      @type, @name, @block = type, name, block
      @targets = Names.keys(options[:to])
      @sources = Names.keys(options[:from])
      @hooks = Hooks::STAGE_TYPES.flat_map { |hook| hooks_of(hook, options[hook]) }
      @options = custom? ? options.dup : options.except(:to, :from, *Hooks::STAGE_TYPES)
    end

    # The stage itself, for a pipeline.
    def stage(pipeline)
      return @type.new(@name, pipeline, @block, @options).join(pipeline, @name) if custom?

      built_in.join(pipeline, @name)
    end

    private

    def custom? = @type.is_a?(Class) && @type <= Stage

    def built_in
      case @type
      when :accumulator then AccumulatorStage.new(name: @name, block: @block, options: @options)
      when *WORDS then atomic
      else raise Error, "unknown stage type #{@type.inspect}: use one of #{[*WORDS, :accumulator].join(", ")}, " \
                        "or a descendant of Minigun::Stage"
      end
    end

    def atomic
      return AtomicStage.new(name: @name, block: nil, options: @options) unless @block

      kind = Signature.of(@type, @block).kind
      CLASSES.fetch(kind).new(name: @name, block: @block, options: @options, word: @type)
    end

    def hooks_of(type, given)
      hooks = Array(given)
      return [] if custom? && hooks.none? { |hook| hook.respond_to?(:to_proc) }

      hooks.map { |hook| [type, hook_block(type, hook)] }
    end

    def hook_block(type, hook)
      return hook if hook.is_a?(Proc)
      return hook.to_proc if hook.respond_to?(:to_proc) && !hook.is_a?(Symbol)

      raise Error, "stage #{@name.inspect}: #{type}: takes a proc or a lambda, not #{hook.inspect}"
    end
  end
end
