# frozen_string_literal: true

module Minigun
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
