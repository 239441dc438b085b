# frozen_string_literal: true

require_relative "matrix"

module Semantics
  # What a block does that never ends by itself, and is to be ended from outside.
  STUCK = [
    ["sleep", "sleep"],
    ["a busy loop", "loop { n.hash }"],
    ["a sleep that rescues", "begin; sleep; rescue StandardError; retry; end"],
    ["an ensure that takes time", "begin; sleep; ensure; sleep 0.02; end"],
    ["a queue nobody fills", "Thread::Queue.new.pop"],
    ["a lock held by itself", "(m = Thread::Mutex.new; c = Thread::ConditionVariable.new; m.synchronize { c.wait(m) })"],
    ["a pipe nobody writes to", "IO.pipe.then { |r, w| begin; r.read(1); ensure; r.close; w.close; end }"],
    ["a join", "Thread.new { sleep 2 }.then { |t| begin; t.join; ensure; t.kill.join; end }"],
    ["a run that is stuck", "Class.new { include Minigun::DSL; producer(:p) { sleep } }.new.run"],
    ["a thread that emits for ever", "loop { EMIT }"]
  ].map { |name, text| Act.new(name, :stuck, "(#{text}) if HIT", nil) }.freeze

  # From where it is ended, and what its caller gets. Each is called with the object once it is at work.
  ENDINGS = {
    timeout: Timeout::Error, raise: IOError, error: Interrupt, kill: nil, raise_and_kill: nil, stop: nil
  }.freeze

  # One way to end one thing that is stuck in one place.
  class Outside < Cell
    attr_accessor :ending

    def to_s = "#{act.name} in #{place.name}, #{context}, ended by #{ending}"

    # Is it given time to end by itself?
    def patient? = ending == :stop

    def fault
      job = program_class.new
      files = descriptors
      problem = patient? ? stop(job) : interrupt(job)
      problem || left(files)
    end

    private

    def stop(job)
      job.run(background: true)
      work_for_a_while
      job.stop
      "still runs after stop" if job.running?
    end

    def interrupt(job)
      begun = Thread::Queue.new
      caller = Thread.new { outcome_of(job, begun) }
      caller.report_on_exception = false
      begun.pop
      work_for_a_while
      end_it(caller) unless ending == :timeout
      return "its caller is still there: #{caller.backtrace&.first(8)}" unless caller.join(8)

      wanted = ENDINGS.fetch(ending)
      "ended with #{caller.value.inspect}, not #{wanted.inspect}" unless wanted.nil? || caller.value.is_a?(wanted)
    end

    def outcome_of(job, begun)
      begun << true
      ending == :timeout ? Timeout.timeout(0.02) { job.perform } : job.perform
    rescue IOError, Interrupt, Timeout::Error => e
      e
    end

    def end_it(caller)
      case ending
      when :raise then caller.raise(IOError, "from outside")
      when :error then caller.raise(Interrupt, "from outside")
      when :kill then caller.kill
      else
        caller.raise(IOError, "from outside")
        caller.kill
      end
    end

    # The moment at which the interrupt comes is not to be the same each time.
    def work_for_a_while = sleep(0.002 + (rand * 0.015))
  end

  module_function

  def outside_cells
    contexts = %i[plain threads ipc_fork cow_fork ractor]
    STUCK.product(PLACES, contexts, ENDINGS.keys).filter_map do |act, place, context, ending|
      next if place.once? && context != :plain
      next if act.name.match?(/queue|lock/) && context.to_s.end_with?("fork") # Ruby sees that deadlock by itself

      Outside.new(act, place, context, :skip).tap { |cell| cell.ending = ending }
    end
  end
end
