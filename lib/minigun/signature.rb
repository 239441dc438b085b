# frozen_string_literal: true

module Minigun
  # What a block or a custom stage class is and what it receives. All rules about
  # that stand in this file:
  #
  #   word                              parameters               kind       receives
  #   producer                          none                     producer   nothing
  #                                     one or more              producer   output
  #   stage                             none                     producer   nothing
  #                                     two, first input-like    loop       input, output
  #   stage, processor, consumer,       two or more, last        each       item, output
  #     spawn_*, context word             output-like
  #                                     any other                each       item (an Array is spread)
  #   accumulator                       two or more              batch      batch, output
  #                                     any other, or no block   batch      batch
  #
  # Only positional parameters count. A lambda with two required parameters gets
  # item and output whatever their names. Where nothing else decides, a block
  # without parameters is a producer.
  class Signature
    OUTPUT_NAME = /\A_?(out|output|outputs)(_queue)?\z/
    INPUT_NAME = /\A_?(in|input|inputs)(_queue)?\z|\A_?queue\z/
    PER_ITEM_WORDS = %i[processor consumer].freeze
    ITEM_WORDS = [*PER_ITEM_WORDS, :stage].freeze
    POSITIONAL = %i[req opt].freeze
    ADDRESSING = %i[output item_output input_output].freeze

    # @return [Symbol] :producer, :each, :batch or :loop
    attr_reader :kind
    # @return [Symbol] :none, :item, :item_output, :output, :input or :input_output
    attr_reader :receives

    class << self
      # The one signature of these parts.
      def [](kind, receives, addresses: ADDRESSING.include?(receives))
        known = (@known ||= { true => {}, false => {} }).fetch(addresses)
        (known[kind] ||= {})[receives] ||= new(kind, receives, addresses)
      end

      # The signature of a block that was declared with a word, nil if none is known.
      def of(word, block)
        return OF_ITEM if block && ITEM_WORDS.include?(word) && block.arity == 1 && block.parameters.size == 1

        names = positional(block)
        case word
        when :accumulator then self[:batch, names.size >= 2 ? :item_output : :item]
        when :producer then self[:producer, names.empty? ? :none : :output]
        when :stage then loops?(names) ? self[:loop, :input_output] : of_item(word, block, names)
        else of_item(word, block, names)
        end
      end

      # Does its arity alone tell that a block is called for each item?
      def each?(word, block)
        block.arity == 1 && PER_ITEM_WORDS.include?(word)
      end

      # The signature of a custom class's `call`, by the base it descends from.
      def of_call(base, call)
        offered = base == :producer ? 1 : 2
        count = accepted(call, offered)
        case base
        when :producer then self[:producer, %i[none output][count], addresses: true]
        when :consumer then self[:each, %i[none item item_output][count], addresses: true]
        when :batch then self[:batch, %i[item item item_output][count], addresses: true]
        else self[:loop, %i[none input input_output][count], addresses: true]
        end
      end

      # The arity rule: does a block that nothing else is known of produce?
      def producing?(block)
        block.arity.zero? || block.arity == -1
      end

      # @return [Symbol, nil] the last of a block's positional parameters, if there are several
      def last_of_several(block)
        names = positional(block)
        names.last if names.size > 1 && names.last != :""
      end

      private

      def of_item(word, block, names)
        return self[:producer, :none] if names.empty? && producer_without_parameters?(word, block)

        self[:each, takes_output?(block, names) ? :item_output : :item]
      end

      def loops?(names)
        names.size == 2 && INPUT_NAME.match?(names.first)
      end

      def takes_output?(block, names)
        return false if names.size < 2

        OUTPUT_NAME.match?(names.last) || (block.lambda? && required(block) == 2)
      end

      # `consumer(&list.method(:push))` takes items: its parameter is a splat.
      def producer_without_parameters?(word, block)
        return false if PER_ITEM_WORDS.include?(word) && splat?(block)

        producing?(block)
      end

      def positional(block)
        return [] unless block

        block.parameters.filter_map { |type, name| name || :"" if POSITIONAL.include?(type) }
      end

      def required(block)
        block.parameters.count { |type, _| type == :req }
      end

      def splat?(callable)
        callable.parameters.any? { |type, _| type == :rest }
      end

      def accepted(call, offered)
        splat?(call) ? offered : [positional(call).size, offered].min
      end
    end

    def initialize(kind, receives, addresses)
      @kind, @receives, @addresses = kind, receives, addresses
      freeze
    end

    # May it send to stages of its choice, so that they can't end before it?
    def addresses? = @addresses

    def producer? = kind == :producer

    OF_ITEM = self[:each, :item]
    private_class_method :new
  end
end
