# frozen_string_literal: true

require_relative "../errors"

module Minigun
  module Execution
    # Where a piece of work runs. One context runs a block at a time, #join brings its value.
    #
    #   context = Minigun::Execution.create_context(:thread, "sum")
    #   context.execute { 1 + 2 }.join # => 3
    #
    # This file can be loaded on its own, without the rest of minigun.
    class Context
      # @return [Symbol, String]
      attr_reader :name

      # @param name [Symbol, String] for people
      def initialize(name)
        @name = name
      end

      # @return [Symbol] :inline, :thread, :fork or :ractor
      def type = raise(NotImplementedError, "#{self.class}#type")

      # Starts the block.
      # @return [self]
      def execute(&_block) = raise(NotImplementedError, "#{self.class}#execute")

      # Waits for the block. Raises what it raised.
      # @return [Object] the block's value
      def join = raise(NotImplementedError, "#{self.class}#join")

      # @return [Boolean]
      def alive? = raise(NotImplementedError, "#{self.class}#alive?")

      # Ends the block, wherever it is.
      # @return [nil]
      def terminate = raise(NotImplementedError, "#{self.class}#terminate")

      # @return [String]
      def inspect = "#<#{self.class} #{name}>"
    end
  end
end

require_relative "inline_context"
require_relative "job_context"
require_relative "thread_context"
require_relative "fork_context"
require_relative "ractor_context"
require_relative "context_pool"

module Minigun
  # Contexts, and what plans and runs a pipeline.
  module Execution
    # @param type [Symbol] :inline, :thread, :fork or :ractor
    # @param name [Symbol, String] for people
    # @return [Minigun::Execution::Context]
    def self.create_context(type, name)
      case type
      when :inline then InlineContext.new(name)
      when :thread then ThreadContext.new(name)
      when :fork then ForkContext.new(name)
      when :ractor then RactorContext.new(name)
      else raise ArgumentError, "Unknown context type: #{type.inspect}"
      end
    end
  end
end
