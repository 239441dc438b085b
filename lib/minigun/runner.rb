# frozen_string_literal: true

module Minigun
  # One run of a task: a job id, signals, a summary in the log.
  #
  #   runner = Minigun::Runner.new(task, context)
  #   runner.run    # => 3
  #   runner.job_id # => "9f86d081"
  class Runner
    # @return [Task]
    attr_reader :task
    # @return [Object] self of all blocks
    attr_reader :context

    def initialize(task, context)
      @task = task
      @context = context
    end

    # Not from Ruby's own generator, whose numbers are the program's: it may have seeded it.
    # @return [String] eight hexadecimal characters
    def job_id = @job_id ||= Random.urandom(4).unpack1("H*")

    # @return [Integer] the count, see Pipeline#run
    def run
      started = Clock.now
      log { "started #{context.class.name || "an anonymous class"}" }
      own = task.task_for(context)
      count = Signals.during(own.root_pipeline) { own.perform(context) }
      log { format("finished: %<count>d items in %<time>.3f s", count: count, time: Clock.now - started) }
      count
    end

    private

    def log
      Minigun.logger.debug { "[Job:#{job_id}] #{yield}" }
    end
  end
end
