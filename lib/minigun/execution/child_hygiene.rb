# frozen_string_literal: true

module Minigun
  module Execution
    # What a forked child owes to its program: signals that mean what they mean in a new Ruby, nothing
    # left in its buffers, and an end that is seen for what it is.
    module ChildHygiene
      # Signals that a program may have handlers for, which a child doesn't keep.
      SIGNALS = (%w[INT QUIT HUP USR1 USR2 ALRM CHLD TTIN TTOU TSTP CONT WINCH] & Signal.list.keys).freeze
      private_constant :SIGNALS

      module_function

      # To be called first in the child: signals do what they do in a new Ruby.
      # @return [void]
      def reset_signals
        former = [*SIGNALS, "TERM"].to_h { |signal| [signal, hush(signal)] }
        # A signal that the parent had received and not yet acted on was copied by the fork. This has
        # Ruby act on all of them, and they meet handlers that do nothing.
        Process.kill(:TERM, Process.pid)
        former.each do |signal, before|
          next if before == :reserved

          ignored = signal != "TERM" && (before.nil? || before == "IGNORE")
          Signal.trap(signal, ignored ? "IGNORE" : "DEFAULT")
        end
      end

      # Ends the process by the signal, so that it is seen as that. Doesn't return.
      # @param error [SignalException]
      def die_of(error)
        Signal.trap(error.signo, "SYSTEM_DEFAULT")
        Process.kill(error.signo, Process.pid)
        sleep
      end

      # Empties the buffers of standard output and error, whatever they are just now.
      # @return [void]
      def flush
        [$stdout, $stderr, STDOUT, STDERR].uniq.each do |io|
          io.flush
        rescue Exception # rubocop:disable Lint/RescueException
          next
        end
      end

      # @return [Object] the handler it had; :reserved if this platform keeps it to itself
      # @api private
      def hush(signal)
        Signal.trap(signal) { nil }
      rescue ArgumentError
        :reserved
      end
    end
  end
end
