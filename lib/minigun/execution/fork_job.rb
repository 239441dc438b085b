# frozen_string_literal: true

require_relative "child_process"
require_relative "fork_outcome"

module Minigun
  module Execution
    # A block in a child process. Its outcome comes back through a pipe, in one frame with its length
    # in front, so that nobody's copy of the pipe's ends decides when it is complete.
    class ForkJob
      # How often #value looks whether the child has died, should its end of the pipe live on elsewhere.
      LOOK_AGAIN = 0.25
      HELLO = "R"
      HEADER = HELLO.bytesize + 8
      private_constant :LOOK_AGAIN, :HELLO, :HEADER

      @readers = []
      @lock = Mutex.new

      class << self
        # Forks one at a time, so that no child inherits the writing end of another one's pipe, and
        # closes the others' reading ends in the child.
        # @return [Array(ChildProcess, IO)] the child and the reading end
        def start_child
          @lock.synchronize do
            reader, writer = IO.pipe(binmode: true)
            child = ChildProcess.new do
              become_child(reader)
              yield writer
            end
            @readers << reader
            [child, reader]
          ensure
            writer&.close
            reader&.close unless child
          end
        end

        # @return [void]
        def close(reader)
          @lock.synchronize { @readers.delete(reader) }
          reader.close
        end

        private

        # The lock is held by the parent's thread, which is this one.
        def become_child(reader)
          [reader, *@readers].each(&:close)
          @readers = []
          @lock = Mutex.new
        end
      end

      # @yield the work, in the child. Returns when the child is ready for signals.
      def initialize(&block)
        @received = String.new(encoding: Encoding::BINARY)
        @lock = Mutex.new
        Thread.handle_interrupt(Object => :never) do
          @child, @reader = ForkJob.start_child { |writer| ForkOutcome.run(writer, HELLO, &block) }
          begin
            receive(HELLO.bytesize)
          rescue Exception # rubocop:disable Lint/RescueException
            abandon
            raise
          end
        end
      end

      # @return [Object] the block's value, nil if there is none
      def value
        settle
        @told = true
        @outcome.value
      end

      # @return [Boolean]
      def alive?
        return true unless @child.exited?

        settle
        false
      end

      # @return [Boolean] whether #value has something to wait for, or to raise that it has not raised yet
      def pending? = alive? || (@outcome.error? && !@told)

      # @return [void]
      def stop
        @child.terminate
        @lock.synchronize do
          @outcome ||= ForkOutcome::NONE
          close
        end
      end

      private

      # Waits for the outcome; frees the pipe.
      def settle
        @outcome ||= @lock.synchronize { @outcome || collect }
      end

      # Lock held.
      def collect
        payload = receive(HEADER) && receive(HEADER + @received[HELLO.bytesize, 8].unpack1("Q"))
        @child.wait
        outcome = payload ? ForkOutcome.load(@received.byteslice(HEADER..)) : ForkOutcome::NONE
        close
        outcome
      end

      # Waits until so many bytes have come. Interrupts are let in where nothing is in hand.
      # @return [Boolean] whether they have come; false if the child ended before
      def receive(size)
        Thread.handle_interrupt(Object => :never) do
          ended = false
          while @received.bytesize < size
            wait_readable unless ended
            chunk = @reader.read_nonblock(65_536, exception: false)
            next @received << chunk if chunk.is_a?(String)
            return false if chunk.nil? || ended

            ended = @child.exited?
          end
        end
        true
      end

      def wait_readable
        Thread.handle_interrupt(Object => :immediate) { IO.select([@reader], nil, nil, LOOK_AGAIN) }
      end

      def abandon
        @child.signal(:KILL)
        @child.wait
        close
      end

      def close
        ForkJob.close(@reader) unless @reader.closed?
        @received.clear
      end
    end
  end
end
