# frozen_string_literal: true

module Minigun
  module Execution
    # A block on a thread of its own. What it raises is kept for #value and reaches nobody else,
    # `exit` included.
    class ThreadJob
      # @yield the work
      def initialize(&block)
        @thread = Thread.new do
          # A new thread inherits its maker's mask; this one has to be killable.
          @value = Thread.handle_interrupt(Object => :immediate, &block)
        rescue Exception => e # rubocop:disable Lint/RescueException
          @error = e
        end
      end

      # @return [Object] the block's value, nil if it was stopped
      def value
        @thread.join
        @told = true
        raise @error if @error

        @value
      end

      # @return [Boolean] whether #value has something to wait for, or to raise that it has not raised yet
      def pending? = alive? || !(@error.nil? || @told)

      # @return [Boolean]
      def alive? = @thread.alive?

      # @return [void]
      def stop
        @thread.kill
        @thread.join
      end
    end
  end
end
