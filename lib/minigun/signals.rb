# frozen_string_literal: true

module Minigun
  # Signals during runs under a Runner. Handlers are counted over the process: the
  # first run sets them, the last restores those that were there. The first signal
  # drains the runs, the second cancels them, the third leaves the process. When the
  # runs have ended, the signal takes its course.
  module Signals
    TRAPPED = %w[INT TERM QUIT].freeze
    DRAIN_SECONDS = 10
    # Seconds after which a run that drains tells so.
    QUIET_SECONDS = 0.5
    NEVER = { Object => :never }.freeze
    HANDLERS = TRAPPED.to_h { |signal| [signal, proc { Signals.send(:receive, signal) }] }.freeze
    private_constant :NEVER, :HANDLERS

    @lock = Mutex.new
    @ended = ConditionVariable.new
    @runs = []
    @former = {}
    @received = []
    @process = Process.pid

    # One run and the thread that called it.
    class Run
      attr_reader :pipeline

      def initialize(thread, pipeline)
        @thread, @pipeline = thread, pipeline
      end

      # Is it draining now? What can't drain is cancelled.
      def drain(signal)
        return true if pipeline.drain(timeout: false)

        cancel(signal)
        false
      end

      # With what Ruby itself makes of the signal.
      def cancel(signal)
        signal == "INT" ? @thread.raise(Interrupt, "") : @thread.raise(SignalException, "SIG#{signal}")
      end
    end

    class << self
      # Yields with the handlers set.
      def during(pipeline)
        run, outer = nil, $!
        undisturbed { run = enter(Run.new(Thread.current, pipeline)) }
        yield
      ensure
        undisturbed { leave(run, $!.equal?(outer) ? nil : $!) } if run
      end

      private

      def undisturbed(&block) = Thread.handle_interrupt(NEVER, &block)

      def enter(run)
        @lock.synchronize do
          forget_parent unless @process == Process.pid
          set if @runs.empty?
          @runs += [run]
        end
        run
      end

      def leave(run, error)
        received, former = @lock.synchronize do
          @runs = @runs.reject { |each| each.equal?(run) }
          @ended.broadcast
          @runs.empty? ? restore : [[], {}]
        end
        received.uniq.each { |signal| Process.kill(signal, Process.pid) unless raised?(signal, former[signal], error) }
      end

      # Does the error leave the main thread's run with what the signal would raise there?
      def raised?(signal, handler, error)
        handler == "DEFAULT" && Thread.current == Thread.main &&
          error.is_a?(SignalException) && error.signo == Signal.list.fetch(signal)
      end

      # A child has none of its parent's runs.
      def forget_parent
        @process = Process.pid
        @runs, @received = [], []
      end

      def set
        inherited, @former, @received = @former, {}, []
        HANDLERS.each do |signal, handler|
          former = trap(signal, handler)
          former = inherited[signal] if former.equal?(handler)
          former == "IGNORE" ? trap(signal, former) : @former[signal] = former
        end
      end

      def restore
        @former.each { |signal, handler| trap(signal, handler || "SYSTEM_DEFAULT") }
        former, @former = @former, {}
        received, @received = @received, []
        [received, former]
      end

      # Runs in a trap: takes no lock.
      def receive(signal)
        return pass_on(signal) unless @process == Process.pid

        @received += [signal]
        case @received.size
        when 1 then drain(signal)
        when 2 then @runs.each { |run| run.cancel(signal) }
        else leave_process(signal)
        end
      end

      # A child that something else has forked has its parent's handlers, and none of its runs: there
      # the signal means what it meant before.
      def pass_on(signal)
        @former.each { |each, handler| trap(each, handler || "SYSTEM_DEFAULT") }
        Process.kill(signal, Process.pid)
      end

      def drain(signal)
        @runs.each { |run| Thread.new(run) { follow(run, signal, Clock.now) } if run.drain(signal) }
      end

      def follow(run, signal, started)
        seconds = run.pipeline.drain_timeout
        return if ended_by?(run, started + [QUIET_SECONDS, seconds || QUIET_SECONDS].min)

        tell(run, signal, seconds)
        run.cancel(signal) unless !seconds || ended_by?(run, started + seconds)
      end

      def ended_by?(run, deadline)
        @lock.synchronize do
          @ended.wait(@lock, deadline - Clock.now) while @runs.include?(run) && Clock.now < deadline
        end
        !@runs.include?(run)
      end

      # Whoever pressed Ctrl-C sees that it was noticed. A logger can't write in a trap, so here.
      def tell(run, signal, seconds)
        limit = ", for #{seconds} s at most" if seconds
        Minigun.logger.warn("[Pipeline:#{run.pipeline.name}] #{signal}: finishing what was accepted#{limit}; " \
                            "a second signal cancels the run, a third ends the process")
      rescue StandardError
        nil # the deadline holds whatever the logger does
      end

      def leave_process(signal)
        @runs.each { |run| run.pipeline.kill_workers }
        exit!(128 + Signal.list.fetch(signal))
      end
    end
  end
end
