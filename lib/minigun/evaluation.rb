# frozen_string_literal: true

module Minigun
  # Evaluates blocks of definitions: self is the user's object (or the class), the
  # words it lacks are looked up on the builders, from the innermost out.
  module Evaluation
    Frame = Struct.new(:object, :builder) unless const_defined?(:Frame, false)
    FRAMES = :minigun_builders

    # Lets an object without DSL find words while a block is evaluated on it.
    module Words
      def method_missing(name, ...)
        builder = Evaluation.builder_of(self)
        return super unless builder

        Evaluation.answers?(builder, name) ? builder.public_send(name, ...) : super
      end

      def respond_to_missing?(name, include_private = false)
        builder = Evaluation.builder_of(self)
        (builder && Evaluation.answers?(builder, name)) || super
      end
    end

    module_function

    # Evaluates a block on an object, with a builder for the words.
    def evaluate(object, builder, block)
      return object.instance_exec(&block) if object.equal?(builder)

      frames << Frame.new(object, builder)
      begin
        object.instance_exec(&block)
      ensure
        frames.pop
      end
    end

    # The innermost builder that is at work for an object, or for an object of a class.
    def builder_of(object)
      return if frames.empty?

      frame = frames.reverse_each.find do |each|
        each.object.equal?(object) || (object.is_a?(Class) && object === each.object) # rubocop:disable Style/CaseEquality
      end
      frame&.builder
    end

    def answers?(builder, name) = builder.class::WORDS.include?(name)

    def frames
      Thread.current.thread_variable_get(FRAMES) ||
        [].tap { |frames| Thread.current.thread_variable_set(FRAMES, frames) }
    end
  end
end
