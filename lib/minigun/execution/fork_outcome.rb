# frozen_string_literal: true

require_relative "child_hygiene"

module Minigun
  module Execution
    # What a block came to in a child process: its value, its exception, or neither.
    class ForkOutcome
      VALUE = "V"
      ERROR = "E"
      private_constant :VALUE, :ERROR

      # @param error [Exception, nil]
      def initialize(value, error = nil)
        @value = value
        @error = error
      end

      NONE = new(nil)

      def error? = !@error.nil?

      # @return [Object]
      # @raise what the block raised
      def value
        raise @error if @error

        @value
      end

      class << self
        # In the child: says hello when signals can come, runs the block, sends its outcome.
        # @param writer [IO]
        # @return [void]
        def run(writer, hello, &block)
          ChildHygiene.reset_signals
          writer.write(hello)
          frame = encode(&block)
        ensure
          ChildHygiene.flush
          writer.write([frame.bytesize].pack("Q"), frame) if frame
        end

        # In the parent.
        # @param frame [String] what run sent, without its length
        # @return [ForkOutcome]
        def load(frame)
          payload = frame.byteslice(1..)
          return new(nil, load_error(*Marshal.load(payload))) if frame.start_with?(ERROR)

          new(attempt { Marshal.load(payload) })
        end

        private

        # What ends a process on purpose has no outcome.
        def encode(&block)
          value = Thread.handle_interrupt(Object => :immediate, &block)
          VALUE.b << (attempt { Marshal.dump(value) } || Marshal.dump(nil))
        rescue SystemExit, SignalException
          nil
        rescue Exception => e # rubocop:disable Lint/RescueException
          message = attempt { String(e.message) } || e.class.to_s
          ERROR.b << Marshal.dump([attempt { Marshal.dump(e) }, message, e.backtrace])
        end

        def load_error(payload, message, backtrace)
          error = attempt { Marshal.load(payload) } if payload
          return error if error.is_a?(Exception)

          StandardError.new(message).tap { |plain| plain.set_backtrace(backtrace) }
        end

        # Dumping and loading runs code of the objects' own.
        def attempt
          yield
        rescue StandardError, SystemStackError, NotImplementedError
          nil
        end
      end
    end
  end
end
