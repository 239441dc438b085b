# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Waits for the workers: in the calling thread, or, while that thread waits for input, in one of
      # its own. Only one of them waits at a time.
      class Helper
        # @param failed [#call] what to do with an exception in the thread
        # @yield what to do after each wait of the thread; returns how long the next may last
        def initialize(exchange, failed, &attend)
          @exchange, @failed, @attend = exchange, failed, attend
          @lock = Mutex.new
          @changed = ConditionVariable.new
          @turn = Mutex.new
          @helping = false
        end

        # Waits in the calling thread.
        def wait(milliseconds)
          @turn.synchronize { @exchange.wait(milliseconds) }
        end

        # Has the workers attended to while the block runs.
        def help
          @lock.synchronize do
            @thread ||= Thread.new { run }
            @helping = true
            @changed.signal
          end
          yield
        ensure
          @helping = false
          @exchange.wake
        end

        def stop
          @helping = false
          return unless @thread

          @thread.kill
          @thread.join
        end

        private

        def run
          Thread.current.report_on_exception = false
          loop do
            @lock.synchronize { @changed.wait(@lock) until @helping }
            patience = @attend.call
            patience = tend(patience) while @helping
          end
        rescue Cancelled
          nil
        rescue Exception => e # rubocop:disable Lint/RescueException
          @failed.call(e)
        end

        # If help has ended meanwhile, the other one must not wait for what was attended to here.
        def tend(patience)
          @turn.synchronize { @exchange.wait(patience) if @helping }
          @attend.call if @helping
        ensure
          @exchange.wake unless @helping
        end
      end
    end
  end
end
