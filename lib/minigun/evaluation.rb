# frozen_string_literal: true

module Minigun
  # Evaluates blocks of definitions: self is the user's object (or the class), the
  # words it lacks are looked up on the builders, from the innermost out.
  module Evaluation
    Frame = Struct.new(:object, :builder) unless const_defined?(:Frame, false)
    FRAMES = :minigun_builders

    # Gives an object the words while a block is evaluated on it; its own methods come first.
    module Words
      def method_missing(name, *arguments, **options, &block)
        receiver = Evaluation.receiver_of(self, name) or return super
        WordCheck.call(name, arguments, options, block) if receiver.is_a?(Builder)
        receiver.public_send(name, *arguments, **options, &block)
      rescue NameError => e
        raise Evaluation.explained(e, self, name) || Evaluation.from_caller(e)
      end

      def respond_to_missing?(name, include_private = false)
        !Evaluation.receiver_of(self, name).nil? || super
      end
    end

    # The same before a method_missing of the object's own, which may take every name.
    WordsFirst = Words.clone unless const_defined?(:WordsFirst, false)

    METHOD = Kernel.instance_method(:method)
    private_constant :METHOD

    module_function

    # Gives an object the words, if need be.
    def lend_words(object)
      return object.extend(Words) unless Words === object # rubocop:disable Style/CaseEquality

      own = METHOD.bind_call(object, :method_missing).owner
      object.extend(WordsFirst) unless [Words, WordsFirst].include?(own) || object.frozen?
    end

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
      frames = self.frames
      innermost = frames.rindex do |each|
        each.object.equal?(object) || (object.is_a?(Class) && object === each.object) # rubocop:disable Style/CaseEquality
      end
      frames[innermost].builder if innermost
    end

    # Who knows a word that an object lacks: a builder at work for it, else its class.
    def receiver_of(object, name)
      builder = builder_of(object) or return
      return builder if Builder::WORDS.include?(name)

      object.class if object.is_a?(DSL) && object.class.respond_to?(name)
    end

    # A better error for a word that was misspelt in a block; nil if it was none.
    def explained(error, object, name)
      return unless error.name == name && error.receiver.equal?(object) && builder_of(object)

      hint = Options.hint(name, Builder::WORDS)
      return if hint.empty?

      text = "#{object.class} has no method and its pipeline block no word `#{name}'#{hint}"
      NoMethodError.new(text, name).tap { |better| better.set_backtrace(error.backtrace.drop(1)) }
    rescue ArgumentError # an error that was made without a receiver
      nil
    end

    # The error with the caller's line first, as if there were no method_missing here.
    def from_caller(error)
      places = error.backtrace
      error.set_backtrace(places.drop(1)) if places&.first&.start_with?(__FILE__)
      error
    end

    def frames
      Thread.current.thread_variable_get(FRAMES) ||
        [].tap { |frames| Thread.current.thread_variable_set(FRAMES, frames) }
    end
  end
end
