# frozen_string_literal: true

module Semantics
  # Something a block may do when it has the item in hand.
  #
  # kind: :error  - the error of that item
  #       :errors - the errors of that item and at most one more
  #       :twice  - emits, or is the error of that item
  #       :quiet  - nothing comes of the item, and nothing is wrong
  #       :fine   - nothing is wrong; the item goes on
  #       :fatal  - leaves the run
  #       :either - fine, or the error of that item
  #       :death  - ends the process that does it
  # raises: what leaves the run under `on_error: :raise`, or always if it is fatal. In the text, HIT
  # stands for the condition that this is the item.
  Act = Struct.new(:name, :kind, :text, :raises)

  # Exceptions that are hard to handle.
  module Odd
    class NotMade < StandardError
      def initialize(*) = raise("fails to be made")
    end

    class Mute < StandardError
      def message = raise("fails to tell")
    end

    class Unspeakable < StandardError
      def message = raise(NotImplementedError, "fails to tell")
      def inspect = message
      def full_message(*) = message
      def to_s = message
      def self.to_s = raise("fails to tell")
      def self.name = to_s
    end

    class Sticky < StandardError
      def initialize(*)
        super
        @stuck = $stderr
      end
    end

    class Odd < Exception; end # rubocop:disable Lint/InheritException

    FROZEN = IOError.new("frozen").freeze

    def self.deep(level) = deep(level + 1) + 1

    # A cause of its own is no cause of an error.
    def self.chain = raise("outer", cause: RuntimeError.new("inner"))
  end

  # Runs inside of runs.
  class Inner
    include Minigun::DSL
    attr_reader :got

    def initialize = @got = []
    producer(:gen) { 3.times { |n| emit n } }
    processor(:inc) { |n| emit n + 1 }
    consumer(:keep) { |n| @got << n }
  end

  ACTS = [
    ["break", :error, "break if HIT", LocalJumpError],
    ["return", :error, "return if HIT", LocalJumpError],
    ["throw without catch", :error, "throw :nowhere if HIT"],
    ["throw to a catch around the run", :error, "throw :around if HIT"],
    ["StopIteration", :error, "raise StopIteration if HIT", StopIteration],
    ["raise", :error, "raise 'plain' if HIT", RuntimeError],
    ["raise of no exception", :error, "raise Object if HIT", TypeError],
    ["raise of nothing", :error, "raise if HIT", RuntimeError],
    ["frozen exception", :error, "raise Semantics::Odd::FROZEN if HIT", IOError],
    ["exception whose initialize fails", :error, "raise Semantics::Odd::NotMade if HIT", RuntimeError],
    ["exception whose message fails", :error, "raise Semantics::Odd::Mute if HIT", StandardError],
    ["exception that can tell nothing", :error, "raise Semantics::Odd::Unspeakable if HIT", StandardError],
    ["exception that can't be dumped", :error, "raise Semantics::Odd::Sticky, 'kept' if HIT", StandardError],
    ["exception of a nameless class", :error, "raise Class.new(StandardError), 'who' if HIT", StandardError],
    ["exception with a cause", :error, "Semantics::Odd.chain if HIT", RuntimeError],
    ["error of a frozen object", :error, "''.freeze << 'x' if HIT", FrozenError],
    ["FiberError", :error, "Fiber.yield if HIT", FiberError],
    ["no method", :error, "nil.nothing if HIT", NoMethodError],
    ["no pattern", :error, "case 1; in 2 then 3; end if HIT", NoMatchingPatternError],
    ["Timeout in the block", :error, "Timeout.timeout(0.003) { sleep } if HIT", Timeout::Error],
    ["Timeout with a class", :error, "Timeout.timeout(0.003, IOError) { sleep } if HIT", IOError],
    ["Thread.exit", :error, "Thread.exit if HIT"],
    ["kill of the current thread", :error, "Thread.current.kill if HIT"],
    ["raise into the current thread", :error, "Thread.current.raise(IOError, 'own') if HIT", IOError],
    ["raise from another thread", :error, "(t = Thread.current; Thread.new { t.raise(IOError, 'other') }; sleep) if HIT", IOError],
    ["kill from another thread", :error, "(t = Thread.current; Thread.new { t.kill }; sleep) if HIT"],
    ["two interrupts at once", :errors,
     "(t = Thread.current; Thread.new { t.raise(IOError, 'first'); t.kill }; sleep) if HIT"],
    ["join of a thread that fails", :error,
     "Thread.new { Thread.current.report_on_exception = false; raise IOError }.join if HIT", IOError],
    ["a run of the same object", :error, "run if HIT", Minigun::Error],

    ["next", :quiet, "next if HIT"],
    ["redo", :fine, "(again = again.to_i + 1; redo if again < 3) if HIT"],
    ["catch and throw", :fine, "catch(:mine) { throw :mine } if HIT"],
    ["rescue and retry", :fine, "begin; (tries = tries.to_i + 1) < 3 && HIT and raise('again'); rescue StandardError; retry; end"],
    ["break out of an iterator", :fine, "loop { break } if HIT"],
    ["ensure", :fine, "begin; HIT; ensure; GC.start(full_mark: false) if HIT; end"],
    ["Timeout that isn't up", :fine, "Timeout.timeout(5) { n } if HIT"],
    ["another run", :fine, "Semantics::Inner.new.run if HIT"],
    ["a run of the same class", :fine, "self.class.new.tap { |one| one.inside = true }.run if HIT && !@inside && !frozen?"],
    ["fork", :fine, "Process.wait(fork { exit!(0) }) if HIT"],
    ["fork of a child that raises", :fine, "Process.wait(fork { $stderr.reopen(File::NULL); raise 'child' }) if HIT"],
    ["fork of a child that runs", :fine, "Process.wait(fork { Semantics::Inner.new.run; exit!(0) }) if HIT"],
    ["a command", :fine, "system('true') if HIT"],
    ["a thread", :fine, "Thread.new { Thread.pass }.join if HIT"],
    ["Fiber that resumes", :fine, "Fiber.new { Fiber.yield }.tap(&:resume).resume if HIT"],
    ["Enumerator", :fine, "[1, 2].each.then { |e| e.next && e.next } if HIT"],
    ["mask of interrupts", :fine, "Thread.handle_interrupt(Object => :never) { Thread.pass } if HIT"],
    ["wakeup of the current thread", :fine, "(Thread.current.wakeup; sleep 0.001) if HIT"],
    ["thread that emits", :either, "Thread.new { Thread.current.report_on_exception = false; EMIT }.join if HIT"],
    ["Fiber that emits", :twice, "Fiber.new { EMIT }.resume if HIT"],
    ["Enumerator that emits", :twice, "Enumerator.new { |y| EMIT; y << 1 }.next if HIT"],

    ["exit", :fatal, "exit if HIT", SystemExit],
    ["exit with a status", :fatal, "exit 3 if HIT", SystemExit],
    ["abort", :fatal, "abort if HIT", SystemExit],
    ["exit in another thread", :fatal, "Thread.new { exit 3 }.join if HIT", SystemExit],
    ["NotImplementedError", :fatal, "raise NotImplementedError if HIT", NotImplementedError],
    ["LoadError", :fatal, "require 'not/there' if HIT", LoadError],
    ["SyntaxError", :fatal, "eval('(') if HIT", SyntaxError],
    ["NoMemoryError", :fatal, "raise NoMemoryError if HIT", NoMemoryError],
    ["endless recursion", :fatal, "Semantics::Odd.deep(0) if HIT", SystemStackError],
    ["SecurityError", :fatal, "raise SecurityError if HIT", SecurityError],
    ["an Exception of no kind", :fatal, "raise Semantics::Odd::Odd if HIT", Exception],
    ["Interrupt", :fatal, "raise Interrupt if HIT", Interrupt],
    ["SignalException", :fatal, "raise SignalException, 'SIGTERM' if HIT", SignalException],

    ["exit!", :death, "exit!(3) if HIT"],
    ["KILL", :death, "(Process.kill(:KILL, Process.pid); sleep) if HIT"],
    ["TERM", :death, "(Process.kill(:TERM, Process.pid); sleep) if HIT"]
  ].map { |row| Act.new(*row) }.freeze
end
