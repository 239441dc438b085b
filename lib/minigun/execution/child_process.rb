# frozen_string_literal: true

require_relative "../clock"
require_relative "../errors"
require_relative "child_hygiene"

module Minigun
  module Execution
    # A forked child that runs one block and never anything further up its stack, and the parent's
    # hold on it: it is waited for and signalled by its pid only, by its owner, while it exists.
    class ChildProcess
      # How long a fork may be refused for lack of processes; Ruby itself would try for ever.
      FORK_DEADLINE = 5
      # Between TERM and KILL.
      GRACE = 1

      # No process was to be had in time.
      class Refused < Error; end

      # Seconds between two tries to get a thread.
      PAUSE = 0.05
      private_constant :PAUSE

      class ForkRefused < Exception; end # rubocop:disable Lint/InheritException
      private_constant :ForkRefused

      # @return [Integer]
      attr_reader :pid
      # @return [Process::Status, nil] how it ended; nil until it was reaped, or if someone else did that
      attr_reader :status

      # Forks. The child leaves by exit! when the block ends, in whatever way.
      # @yield in the child
      def initialize
        @owner = Process.pid
        @lock = Mutex.new
        @exited = false
        @pid = fork_refusable
        @pid || yield
      ensure
        # Whatever unwinds a child's stack, from before it had handlers of its own, ends here.
        begin
          leave
        ensure
          leave
        end
      end

      # Yields on a thread that nobody knows, if one is to be had. Up to Ruby 3.1 a fork forgets what
      # was raised meanwhile into its thread, such as a Timeout; so what callers' threads fork for is
      # forked there. Children find the caller's thread-local variables.
      # @return [void]
      def self.aside(&block)
        caller = Thread.current
        Thread.handle_interrupt(Object => :never) { thread_like(caller, &block)&.value || yield }
      end

      def self.thread_like(other)
        Thread.new do
          Thread.current.report_on_exception = false
          other.keys.each { |key| Thread.current[key] = other[key] }
          other.thread_variables.each { |key| Thread.current.thread_variable_set(key, other.thread_variable_get(key)) }
          yield
          true
        end
      rescue ThreadError
        nil
      end
      private_class_method :thread_like

      # @return [Boolean] whether it has ended; if so it has been reaped
      def exited?
        return true if @owner != Process.pid

        @lock.synchronize { @exited || reap(Process::WNOHANG) }
      end

      # Waits for the end.
      # @return [void]
      def wait
        reap(0) unless exited?
      end

      # Waits for the end at most so long.
      # @return [Boolean] whether it has ended
      def wait_for(seconds)
        deadline = Clock.now + seconds
        pause = 0.0005
        until exited?
          return false if Clock.now > deadline

          sleep(pause = [pause * 2, 0.02].min)
        end
        true
      end

      # Sends a signal, unless the child has ended.
      # @return [void]
      def signal(name)
        return if @owner != Process.pid

        @lock.synchronize { Process.kill(name, pid) unless @exited || reap(Process::WNOHANG) }
      rescue Errno::ESRCH
        nil
      end

      # Kills the child from a signal handler, where no lock is to be had: the owner is about to end.
      # @return [void]
      def kill_at_once
        Process.kill(:KILL, pid) unless @owner != Process.pid || @exited
      rescue Errno::ESRCH
        nil
      end

      # Ends the child and reaps it.
      # @return [void]
      def terminate
        signal(:TERM)
        return if wait_for(GRACE)

        signal(:KILL)
        wait
      end

      private

      # Only the deadline may interrupt a fork: what else came between would lose the pid.
      def fork_refusable
        Thread.handle_interrupt(Object => :never) do
          forker, turn, done = Thread.current, Mutex.new, false
          watchdog = watching { turn.synchronize { forker.raise(ForkRefused) unless done } }
          begin
            Thread.handle_interrupt(ForkRefused => :on_blocking) { Process.fork }
          ensure
            # Waiting for the watchdog to end would cost as much as the fork.
            turn.synchronize { done = true }
            watchdog.kill
            refused_too_late
          end
        end
      rescue ForkRefused, Errno::EAGAIN
        raise Refused, "no process to be had within #{FORK_DEADLINE} seconds"
      end

      # A thread that does this when the time is up. Where there are no processes, there are no threads.
      def watching
        deadline = Clock.now + FORK_DEADLINE
        begin
          Thread.new do
            # A new thread inherits its maker's mask.
            Thread.handle_interrupt(Object => :immediate) { sleep(FORK_DEADLINE) }
            yield
          end
        rescue ThreadError
          raise ForkRefused if Clock.now > deadline

          sleep(PAUSE) and retry
        end
      end

      # There is a child, or another error: the deadline has nothing more to say.
      def refused_too_late
        Thread.handle_interrupt(ForkRefused => :immediate) { Thread.pass }
      rescue ForkRefused
        nil
      end

      def leave
        return if Process.pid == @owner

        ChildHygiene.die_of($!) if $!.is_a?(SignalException)
        Process.exit!(true)
      end

      # Somebody else's wait may have taken the status: then it is unknown, but the child has ended.
      def reap(flags)
        ended, status = Process.wait2(pid, flags)
        @status = status if ended
        @exited = true if ended
        @exited
      rescue Errno::ECHILD
        @exited = true
      end
    end
  end
end
