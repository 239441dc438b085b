# frozen_string_literal: true

require "minigun"
require "timeout"
require_relative "acts"
require_relative "places"

module Semantics
  CONTEXTS = {
    plain: "", inline: ", execution: :inline", threads: ", threads: 2", ipc_fork: ", execution: :ipc_fork, max: 2",
    cow_fork: ", execution: :cow_fork, max: 2", ractor: ", execution: :ractor, max: 2",
    isolated: ", execution: :ractor, max: 2" # really in ractors: the object can be shared
  }.freeze

  POLICIES = {
    skip: "", raise: ", on_error: :raise", retries: ", retries: 1, backoff: 0", dead_letter: ", on_error: :dead_letter",
    callable: ", on_error: ->(*) { :skip }"
  }.freeze

  # What programs keep whose object can't.
  OUT = Thread::Queue.new

  # One cell of the table: what a run with it must come to, and whether it did.
  Cell = Struct.new(:act, :place, :context, :policy) do
    def to_s = "#{act.name} in #{place.name}, #{context}, #{policy}"

    def fails? = %i[error errors fatal death].include?(act.kind)

    def forked? = %i[ipc_fork cow_fork].include?(context) && !place.once?

    # A frozen object keeps no record of its run, Ruby crashes when a ractor forks, and copies the IO of an exception.
    def isolable?
      place.name == :with_output && act.kind != :either && !act.name.match?(/fork|same object|dumped/)
    end

    def program = place.program(act, "#{CONTEXTS.fetch(context)}#{POLICIES.fetch(policy)}")

    def program_class
      text = program
      return isolated_class(text) if context == :isolated

      Class.new do
        include Minigun::DSL
        attr_reader :out
        attr_accessor :inside

        def initialize = @out = []
        class_eval(text, "program of the matrix", 1)
      end
    end

    def isolated_class(text)
      Class.new do
        include Minigun::DSL
        attr_reader :inside

        def initialize = Ractor.make_shareable(self)
        def out = Array.new(OUT.size) { OUT.pop }
        class_eval(text.gsub("@out", "Semantics::OUT"), "program of the matrix", 1)
      end
    end

    # @return [String, nil] what is wrong
    def fault
      job = program_class.new
      files, threads = descriptors, Thread.list
      OUT.clear
      ended = outcome(job)
      part_with(Thread.list - threads)
      wrong(job, ended) || books(job) || left(files)
    end

    private

    # The count, or the exception that left the run.
    def outcome(job)
      result = catch(:around) { Timeout.timeout(10) { job.run } }
      result.nil? ? :thrown : result
    rescue Timeout::Error => e
      act.raises == Timeout::Error && policy == :raise ? e : :stuck
    rescue Exception => e # rubocop:disable Lint/RescueException
      e
    end

    # To exit in a thread is to raise in the main one, which threads of several workers may do one after
    # the other, the last of them behind the end of the run.
    def part_with(threads)
      Thread.handle_interrupt(Object => :never) do
        1000.times { threads.any?(&:alive?) ? sleep(0.001) : break }
        while Thread.pending_interrupt?
          begin
            Thread.handle_interrupt(Object => :immediate) { Thread.pass }
          rescue SystemExit
            next
          end
        end
      end
    end

    def wrong(job, ended)
      return "it took too long" if ended == :stuck
      return if kills_a_child? && ended.is_a?(SystemExit)
      return if act.kind == :either && policy == :raise && ended.is_a?(Minigun::Error)
      return fatal(ended) if leaves?
      return "left with #{told(ended)}" unless ended.is_a?(Integer)

      got = sorted(job.out)
      "kept #{got}, not one of #{expected}" unless expected.include?(got)
    end

    def fatal(ended)
      wanted = dies? ? Minigun::WorkerDied : act.raises || StandardError
      return "was to leave with #{wanted}, got #{told(ended)}" unless ended.is_a?(wanted)
    end

    # The main thread of a process can't end alone: to kill it is to exit.
    def kills_a_child? = forked? && act.name.match?(/Thread.exit|kill|two interrupts/)

    # To raise a signal in a process is to die of it.
    def dies? = act.kind == :death || (forked? && act.name == "SignalException")

    def told(ended)
      ended.is_a?(Exception) ? ended.full_message(highlight: false) : ended.inspect
    rescue StandardError, ScriptError
      ended.class.to_s
    end

    # Does the act end the run?
    def leaves?
      return true if act.kind == :fatal && !dies?

      (dies? || %i[error errors].include?(act.kind)) && policy == :raise && !place.once?
    end

    def sorted(list) = list.sort_by { |n| [n.to_i, n.to_s] }

    # All outputs that are right.
    def expected
      good = { producer: [1, 2, 3, 4, 9], hook_before_producer: [4, 9], hook_after_producer: [4, 9] }.fetch(place.name, [1, 2, 3])
      bad = { producer: [1, 2, 3, 9], hook_before_producer: [9], hook_after_producer: [4, 9], loop: [], hook_before: [],
              hook_after: [1, 2, 3] }.fetch(place.name, [1, 3])
      return [place.name == :hook_after ? [] : bad] if dies? # what a dead worker wrote is lost with it

      likely = case act.kind
               when :error then [bad]
               when :errors then [bad, []].product([[], [1], [2], [3]]).map { |one, more| one - more }
               when :fine then [act.name == "redo" && place.name == :producer ? sorted([1, 2, 3] * 2 + good) : good]
               when :quiet then [place.hook? ? good : sorted(place.name == :accumulator ? [nil, *bad] : bad)] # its value is passed on
               when :twice then [sorted(good + emitted), good]
               else [good, bad, sorted(good + emitted)]
               end
      tried_again? ? likely + likely.map { |list| sorted(list * 2) } : likely
    end

    # What a block wrote before the hook behind it failed stays when the item is tried again.
    def tried_again? = place.name == :hook_after && policy == :retries && act.kind != :fine

    def emitted = place.name == :hook_before ? [2, 2, 2] : [2]

    def books(job)
      job._minigun_task&.root_pipeline&.latest_run&.then do |run|
        run.program.steps.each do |step|
          accepted, *settled, _produced = run.ledger(step.index)
          return "the books of #{step.name}: #{accepted} accepted, #{settled} settled" unless accepted == settled.sum
        end
        nil
      end
    end

    def left(files)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 2
      loop do
        left = { threads: threads.size, files: descriptors - files, children: children }
        return if left[:threads].zero? && left[:files] <= 0 && left[:children].zero?
        return "left behind: #{left} #{threads.map(&:inspect)}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

        GC.start # a copy of an IO may be left in an exception's copy
      end
    end

    # Later Rubies' Timeout keeps one of its own.
    def threads = Thread.list.drop(1).reject { |thread| thread.name == "Timeout stdlib thread" }

    def descriptors = Dir.children("/dev/fd").size

    def children
      Process.waitpid(-1, Process::WNOHANG) ? 1 : 1
    rescue Errno::ECHILD
      0
    end
  end

  module_function

  # What may be done where: ends of processes in forked stages alone. Where nothing fails, all policies are
  # alike, and for hooks those that leave an item: these cells are in the deep form only (DEEP=1).
  def cells(deep: ENV["SEMANTICS"] || ENV["DEEP"])
    all = ACTS.product(PLACES, CONTEXTS.keys, POLICIES.keys).map { |row| Cell.new(*row) }
    all.select do |cell|
      next false if cell.act.kind == :death && !cell.forked?
      next false if cell.context == :isolated && !cell.isolable?
      next false if cell.place.once? && (cell.policy != :skip || cell.context == :inline)

      deep || cell.policy == :skip || (cell.fails? && !(%i[dead_letter callable].include?(cell.policy) && cell.place.hook?))
    end
  end
end
