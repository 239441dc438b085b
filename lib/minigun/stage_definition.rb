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

    NONE = [].freeze

    # Options that are of the definition, not of the stage.
    OWN = [:to, :from, *Hooks::STAGE_TYPES].freeze
    private_constant :OWN

    # @param pipeline [Pipeline] for messages
    def initialize(type, name, options, block, pipeline)
      @type, @name, @block, @options, @pipeline = type, name, block, options, pipeline
      @targets = @sources = @hooks = NONE
      take_apart unless options.empty?
    end

    # The stage itself, for a pipeline.
    def stage(pipeline)
      return @type.new(@name, pipeline, @block, @options.dup).join(pipeline, @name) if custom?

      built_in.join(pipeline, @name)
    end

    private

    def custom? = @type.is_a?(Class) && @type <= Stage

    def take_apart
      @targets = names(:to)
      @sources = names(:from)
      @hooks = Hooks::STAGE_TYPES.flat_map { |type| hooks_of(type, @options[type]) } if hooked?
      @options = of_the_stage unless custom?
    end

    # Not by Hash#except, whose result has the memory of the whole.
    def of_the_stage
      rest = {}
      @options.each { |option, value| rest[option] = value unless OWN.include?(option) }
      rest
    end

    def hooked? = Hooks::STAGE_TYPES.any? { |type| @options.key?(type) }

    def names(option)
      given = @options[option]
      given.nil? ? NONE : Names.keys(given)
    rescue ArgumentError => e
      raise ArgumentError, "#{place}: #{option}: #{e.message}"
    end

    def built_in
      case @type
      when :accumulator then AccumulatorStage.new(name: @name, block: @block, options: @options)
      when *WORDS then atomic
      else raise Error, "unknown stage type #{@type.inspect}: use one of #{[*WORDS, :accumulator].join(", ")}, " \
                        "or a descendant of Minigun::Stage"
      end
    end

    def atomic
      return AtomicStage.new(@name, nil, nil, @options) unless @block

      signature = Signature.of(@type, @block)
      CLASSES.fetch(signature.kind).new(@name, nil, @block, @options).declare(@type, signature)
    end

    def place = "pipeline #{@pipeline.name.inspect}, stage #{@name.inspect}"

    def hooks_of(type, given)
      hooks = Array(given)
      return [] if custom? && hooks.none? { |hook| hook.respond_to?(:to_proc) }

      hooks.map { |hook| [type, hook_block(type, hook)] }
    end

    def hook_block(type, hook)
      return hook if hook.is_a?(Proc)
      return hook.to_proc if hook.respond_to?(:to_proc) && !hook.is_a?(Symbol)

      raise Error, "#{place}: #{type}: takes a proc or a lambda, not #{hook.inspect}"
    end
  end
end
