# frozen_string_literal: true

module Minigun
  # Stands in where the extension brings no Emitter.
  unless respond_to?(:collect_emits)
    module Emitter
      def emit(item)
        emitted = Thread.current.thread_variable_get(:minigun_emitted) or
          raise Error, "emit works only while a stage runs"
        emitted << item
        nil
      end
    end

    # What the block emitted on the context, in order.
    def self.collect_emits(context)
      context.extend(Emitter) unless context.respond_to?(:emit, true)
      outer = Thread.current.thread_variable_get(:minigun_emitted)
      Thread.current.thread_variable_set(:minigun_emitted, emitted = [])
      yield
      emitted
    ensure
      Thread.current.thread_variable_set(:minigun_emitted, outer)
    end
  end

  # The output a block gets outside of a run: writing to it is emitting.
  class CollectedOutput
    def initialize(context)
      @context = context
    end

    def <<(item)
      Emitter.instance_method(:emit).bind_call(@context, item)
      self
    end

    # Outside of a run all targets are one.
    def to(_target) = self

    def to_proc
      proc { |item, **| self << item }
    end
  end
end
