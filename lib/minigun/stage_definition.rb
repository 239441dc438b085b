# frozen_string_literal: true

module Minigun
  # What one stage word says beside the stage: its edges and its inline hooks, taken apart
  # from the options.
  class StageDefinition
    WORDS = %i[stage producer processor consumer].freeze
    CLASSES = { producer: ProducerStage, each: ConsumerStage, loop: AtomicStage }.freeze

    # @return [Array<Symbol>] names the stage sends to
    attr_reader :targets
    # @return [Hash] the options that are left
    attr_reader :options

    NONE = [].freeze

    # @return [Array<Symbol>] names the stage gets from
    def sources = @sources || NONE

    # @return [Array<Array(Symbol, Proc)>] inline hooks, by type
    def hooks = @hooks || NONE

    # Options that are of the definition, not of the stage.
    OWN = [:to, :from, *Hooks::STAGE_TYPES].freeze
    private_constant :OWN

    class << self
      # @param type [Symbol, Class] a word, or a descendant of Stage
      # @param pipeline [Pipeline] for messages
      # @return [StageDefinition]
      def of(type, name, options, pipeline)
        options.empty? ? PLAIN : new(options, custom?(type))
      rescue ArgumentError, Error => e
        raise e.class, "pipeline #{pipeline.name.inspect}, stage #{name.inspect}: #{e.message}"
      end

      # The stage itself, for a pipeline.
      #
      # @param options [Hash] those that are left
      # @return [Stage]
      def stage(type, name, options, block, pipeline)
        made = custom?(type) ? type.new(name, pipeline, block, options.dup) : built_in(type, name, options, block)
        made.join(pipeline, name)
      end

      private

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
    end

    # What most stages don't have is left out: there are as many definitions as stages.
    def initialize(options, custom)
      @targets = names(options, :to)
      @options = custom ? options : of_the_stage(options)
      @sources = names(options, :from) if options.key?(:from)
      return unless Hooks::STAGE_TYPES.any? { |type| options.key?(type) }

      @hooks = Hooks::STAGE_TYPES.flat_map { |type| hooks_of(type, options[type], custom) }
    end

    private

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

    # That of a stage without options.
    PLAIN = new(Stage::NO_OPTIONS, false).freeze
  end
end
