# frozen_string_literal: true

module Minigun
  module Execution
    # What the Ruby at hand can do with ractors, and whether a block can be moved into one.
    module Isolation
      # Instructions that depend on the block's self or on what only the main ractor has.
      BOUND = /\b(putself|invokesuper\w*|(get|set)(instancevariable|classvariable|global))\b/
      private_constant :BOUND

      @lock = Mutex.new

      class << self
        # @return [Boolean]
        def ractors? = defined?(::Ractor) ? true : false

        # Starts a ractor that runs the block.
        # @return [Ractor, nil] nil if the block has to stay where it is
        def ractor(block, *arguments)
          return unless ractors? && unbound?(block)

          quietly { Ractor.new(*arguments, &block) }
        rescue ArgumentError # outer locals
          nil
        end

        # Waits for the end of a ractor.
        # @return [Object] the value of its block
        # @raise what the block raised
        def value(ractor)
          begin
            return ractor.respond_to?(:value) ? ractor.value : ractor.take
          rescue Ractor::RemoteError => e
            error = e.cause || e
          end
          raise error # not in the rescue clause, where it would become its own cause's cause
        end

        # A copy of the block that any ractor may call.
        # @return [Proc]
        # @raise [ArgumentError, Ractor::Error] why there can't be one
        def shareable(block)
          Ractor.shareable?(block) ? block : Ractor.make_shareable(block.dup)
        end

        # Makes ractors that don't say that they are experimental, nor what their blocks raise:
        # that is for whoever takes their value. There is no setting of a single ractor's for that.
        def quietly
          @lock.synchronize do
            warns = Warning[:experimental]
            reports = Thread.report_on_exception
            Warning[:experimental] = Thread.report_on_exception = false
            yield
          ensure
            Warning[:experimental] = warns
            Thread.report_on_exception = reports
          end
        end

        private

        def unbound?(block)
          return false unless defined?(RubyVM::InstructionSequence)

          iseq = RubyVM::InstructionSequence.of(block)
          iseq && !block.lambda? && !BOUND.match?(iseq.disasm)
        end
      end
    end
  end
end
