# frozen_string_literal: true

module Minigun
  module Execution
    # Hands out contexts of one type and knows which are in use. `max_size` limits nothing: it is
    # what #at_capacity? compares with.
    #
    #   pool = Minigun::Execution::ContextPool.new(type: :thread, max_size: 2)
    #   context = pool.acquire("work")
    #   context.execute { 3 }.join # => 3
    #   pool.release(context)
    #   pool.active_count # => 0
    class ContextPool
      # @return [Symbol]
      attr_reader :type

      # @return [Integer]
      attr_reader :max_size

      # @param type [Symbol] as in Execution.create_context
      # @param max_size [Integer]
      def initialize(type:, max_size:)
        @type = type
        @max_size = max_size
        @active = {}.compare_by_identity
        @idle = []
        @lock = Mutex.new
      end

      # Never waits and never fails for lack of room.
      # @return [Minigun::Execution::Context]
      def acquire(name = nil)
        @lock.synchronize do
          context = @idle.pop || Execution.create_context(type, name)
          @active[context] = true
          context
        end
      end

      # @return [void]
      def release(context)
        @lock.synchronize do
          @idle.push(context) if @active.delete(context) && type == :inline
        end
        nil
      end

      # @return [Integer]
      def active_count
        @lock.synchronize { @active.size }
      end

      # @return [Boolean]
      def at_capacity?
        active_count >= max_size
      end

      # Joins all active contexts and releases them. If some raise, the first exception goes on when
      # all have ended.
      # @return [Array<Object>] their values
      def join_all
        error = nil
        values = active.map do |context|
          context.join
        rescue StandardError, ScriptError => e
          error ||= e
          nil
        ensure
          release(context) unless context.alive?
        end
        raise error if error

        values
      end

      # Ends all active contexts and releases them.
      # @return [nil]
      def terminate_all
        active.each do |context|
          context.terminate
        ensure
          release(context)
        end
        nil
      end

      private

      def active
        @lock.synchronize { @active.keys }
      end
    end
  end
end
