# frozen_string_literal: true

require "stringio"

# Drives fork pools with a FakeRun.
module ForkPoolHelper
  def self.included(group)
    group.before { Minigun.logger = Logger.new(log) }
    group.after { Minigun.logger = nil }
  end

  def log = @log ||= StringIO.new

  # @yield [item, out] in a worker
  # @return [Array(FakeRun, FakeRun::Input)]
  def drive(items, kind, user: Object.new, step: {}, **options, &block)
    run = FakeRun.new(&block)
    input = FakeRun::Input.new(items)
    pool_for(run, kind, user: user, step: step, **options) do |pool|
      pool.drive(input, nil)
    rescue Minigun::Cancelled
      raise unless run.cancelled
    end
    [run, input]
  end

  def pool_for(run, kind, user: Object.new, step: {}, **options)
    step = Minigun::Step.new(index: 0, name: :work, kind: :each, context: kind, workers: 2, after_fork: [],
                             **options, **step)
    pool = Minigun::Execution::ForkPool.new(run, step, user)
    pool.prepare
    yield pool
  ensure
    pool.shutdown
  end

  # Uses the processor for so many seconds.
  def busy(seconds)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < deadline
    true
  end

  def children_of(pid)
    Dir["/proc/#{pid}/task/*/children"].flat_map do |path|
      File.read(path).split.map(&:to_i)
    rescue Errno::ENOENT, Errno::ESRCH # threads come and go
      []
    end
  end
end
