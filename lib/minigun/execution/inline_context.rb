# frozen_string_literal: true

module Minigun
  module Execution
    # Runs the block at once, in the caller.
    #
    #   Minigun::Execution::InlineContext.new(:here).execute { 3 }.join # => 3
    class InlineContext < Context
      def type = :inline

      # @return [self]
      def execute
        raise ArgumentError, "no block given" unless block_given?

        @result = nil
        @result = yield
        self
      end

      # @return [Object] the last block's value
      def join = @result

      # @return [false]
      def alive? = false

      # @return [nil]
      def terminate = nil
    end
  end
end
