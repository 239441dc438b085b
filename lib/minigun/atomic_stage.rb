# frozen_string_literal: true

module Minigun
  # A stage with a block.
  #
  #   stage = Minigun::AtomicStage.new(name: :double, block: proc { |n| emit n * 2 })
  #   stage.execute_with_emit(Object.new, 4) # => [8]
  class AtomicStage < Stage
    # The word it was declared with, where one is known; its block then receives what that
    # word promises, else its arity decides.
    # @api private
    attr_reader :word

    # @param signature [Signature, nil] nil if it shall be found when somebody asks for it
    # @api private
    def declare(word, signature = nil)
      @word = word
      @signature = signature if signature
      self
    end

    def producer?
      return signature&.producer? if @word || !block

      Signature.producing?(block)
    end

    # Runs the block on the context; its value is the result.
    def execute(context, item = nil, *)
      invoke(context, item, CollectedOutput.new(context))
    end

    # Runs the block on the context; the result is what it emitted, in order.
    def execute_with_emit(context, item)
      Minigun.collect_emits(context) { invoke(context, item, CollectedOutput.new(context)) }
    end

    def to_h = { name: name, block: block, options: options }

    def [](key)
      key == :block ? block : super
    end

    private

    def call_base = :consumer

    def own_signature
      @own_signature ||= block ? Signature.of(@word, block) : super
    end

    def invoke(context, item, output)
      arguments = arguments_for(item, output)
      return call(*arguments, &output) unless block

      context.instance_exec(*arguments, &block)
    end

    def arguments_for(item, output)
      case own_signature.receives
      when :none then []
      when :item then [item]
      when :output then [output]
      when :item_output then [item, output]
      else raise Error, "stage #{name.inspect} owns its loop and can't work on a single item"
      end
    end
  end

  # A stage that makes items. Descendants of the user implement `call(output)`.
  class ProducerStage < AtomicStage
    def producer? = true

    private

    def call_base = :producer

    # The class is the word.
    def own_signature
      @own_signature ||= block ? Signature.of(:producer, block) : super
    end
  end

  # A stage that is called for each item. Descendants of the user implement
  # `call(item)` or `call(item, output)`.
  #
  #   class Long < Minigun::ConsumerStage
  #     def call(line)
  #       yield line if line.size > 80
  #     end
  #   end
  class ConsumerStage < AtomicStage
    def producer?
      block && !@word ? super : false
    end
  end
end
