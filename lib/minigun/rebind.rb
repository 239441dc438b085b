# frozen_string_literal: true

module Minigun
  # Finds the cheapest way to call a block with the user object as self. instance_exec
  # always works and always costs; a method made from the block is cheaper, but takes
  # its arguments strictly and knows no break, so it may stand in only where nothing
  # can tell the difference.
  # @api private
  module Rebind
    FORMAT = "YARVInstructionSequence/SimpleDataFormat"
    PARAMETERS = 11
    CATCH_TABLE = 12
    BODY = 13

    # What `throw` is told in its low byte.
    RETURN = 1
    BREAK = 2

    # Instructions and methods whose answer depends on what kind of frame they are in.
    TELLING_INSTRUCTIONS = %i[invokesuper invokesuperforward invokeblock].freeze
    TELLING_METHODS = %i[__method__ __callee__ binding eval block_given? caller caller_locations].freeze

    class << self
      # Is the block's self the object already? So it is, for what matters, with a block made
      # from a method or a Symbol, which keeps the self it has.
      def bound_to?(block, object)
        object.equal?(block.binding.receiver)
      rescue ArgumentError
        true
      end

      # @param arguments [Integer] how many the block will be given
      # @return [Method, nil] a method of the object that does what the block does
      def method_for(block, object, arguments)
        return unless replaceable?(block, arguments)

        Module.new { define_method(:block, &block) }.instance_method(:block).bind(object)
      end

      private

      def replaceable?(block, arguments)
        return false unless defined?(RubyVM::InstructionSequence) && block.arity == arguments

        code = RubyVM::InstructionSequence.of(block) or return false
        data = code.to_a
        return false unless data[0] == FORMAT && data[PARAMETERS].is_a?(Hash) && data[BODY].is_a?(Array)
        return false if arguments == 1 && !data[PARAMETERS][:ambiguous_param0] && !block.lambda?

        plain?(data, own: true)
      end

      def plain?(data, own:)
        data[BODY].all? { |instruction| !instruction.is_a?(Array) || plain_instruction?(instruction, own) } &&
          data[CATCH_TABLE].all? { |entry| children(entry).all? { |child| plain?(child, own: own && entry.first != :break) } }
      end

      def plain_instruction?(instruction, own)
        name, *operands = instruction
        return false if TELLING_INSTRUCTIONS.include?(name)
        return false if name == :throw && leaves?(operands.first, own)

        operands.none? { |operand| operand.is_a?(Hash) && TELLING_METHODS.include?(operand[:mid]) } &&
          children(operands).all? { |child| plain?(child, own: false) }
      end

      def leaves?(kind, own)
        kind &= 0xff
        kind == RETURN || (own && kind == BREAK)
      end

      def children(operands)
        operands.select { |operand| operand.is_a?(Array) && operand.first == FORMAT }
      end
    end
  end
end
