# frozen_string_literal: true

module Minigun
  # Looks at each call of a word before it is recorded or carried out: are its
  # arguments there, and a block where one is needed and none where none is taken?
  module WordCheck
    # What a word can't do without, in the order of its arguments.
    REQUIRED = {
      **Builder::STAGE_WORDS.to_h { |word| [word, ["a name"]] },
      **Settings::WORDS.to_h { |word| [word, ["a value"]] },
      native: ["a name"], batch: ["a size"], custom_stage: ["a class"], nested_pipeline: ["a class", "a name"],
      before: ["a stage"], after: ["a stage"], reroute_stage: ["a stage"],
      execution: ["a type"], execution_context: ["a name", "a type"]
    }.freeze
    NEEDS_BLOCK = [*Builder::HOOK_WORDS, :pipeline].freeze
    TAKES_NO_BLOCK = [*Settings::WORDS, :batch, :custom_stage, :nested_pipeline, :native, :reroute_stage,
                      :execution, :execution_context].freeze
    INSTEAD = { batch: "; give it to accumulator", custom_stage: "; its class has the method call" }.freeze
    # Arguments before the options, of words that take options.
    PLAIN = { **[*Builder::STAGE_WORDS, *Builder::SPAWN_WORDS, *Builder::CONTEXT_WORDS.keys,
                 :accumulator, :batch, :pipeline, :native].to_h { |word| [word, 1] },
              custom_stage: 2, nested_pipeline: 2 }.freeze

    class << self
      # @raise [ArgumentError, Error]
      def call(word, arguments, options, block)
        missing = REQUIRED[word]&.at(arguments.size)
        raise ArgumentError, "#{word} needs #{missing}" if missing
        raise ArgumentError, "#{word} needs a name, not nil" if arguments.size == 1 && arguments.first.nil? && Builder::STAGE_WORDS.include?(word)
        raise ArgumentError, "#{word} needs the option to:" if word == :reroute_stage && !routed?(arguments, options)

        check_options(word, arguments)
        check_block(word, arguments, block)
      end

      private

      def routed?(arguments, options) = options.key?(:to) || arguments[1].is_a?(Hash)

      def check_options(word, arguments)
        count = PLAIN[word]
        return if count.nil? || arguments.size <= count || arguments[count].is_a?(Hash)

        raise ArgumentError, "#{call_of(word, arguments)} takes options as name: value, not #{arguments[count].inspect}"
      end

      def check_block(word, arguments, block)
        raise ArgumentError, "#{word} needs a block" if block.nil? && NEEDS_BLOCK.include?(word)
        return if block.nil? || !TAKES_NO_BLOCK.include?(word)

        raise Error, "#{call_of(word, arguments)} takes no block#{INSTEAD[word]}"
      end

      def call_of(word, arguments) = arguments.empty? ? word.to_s : "#{word} #{arguments.first.inspect}"
    end
  end
end
