# frozen_string_literal: true

require_relative "support/bench"
require_relative "support/processes"

# Work for the processor in two processes, and what it costs to send items there and back.
module Forks
  # Uses the processor for about two milliseconds.
  class Cpu
    def self.calibrate
      @turns = 1000
      spent = Array.new(20) { Bench.seconds { work(0) } }.min
      @turns = (@turns * 0.002 / spent).to_i
    end

    def self.work(number)
      sum = number
      @turns.times { |turn| sum = (sum + turn) & 0xffff }
      number
    end
  end

  # Sends the items through two processes and takes in what comes back.
  class Job
    include Minigun::DSL
    attr_reader :result

    def initialize(items, work, &gather)
      @items, @work, @gather = items, work, gather
      @result = 0
    end
  end

  class Persistent < Job
    pipeline do
      producer(:items) { |output| @items.each { |item| output << item } }
      ipc_fork(Bench::Processes::WORKERS) { processor(:work) { |item, output| output << @work.call(item) } }
      consumer(:gather) { |item| @result += @gather.call(item) }
    end
  end

  class CopyOnWrite < Job
    pipeline do
      producer(:items) { |output| @items.each { |item| output << item } }
      cow_fork(Bench::Processes::WORKERS) { processor(:work) { |item, output| output << @work.call(item) } }
      consumer(:gather) { |item| @result += @gather.call(item) }
    end
  end

  SAME = ->(item) { item }

  module_function

  def minigun(program, items, work, &gather)
    job = program.new(items, work, &gather)
    job.run
    job.result
  end

  def pipes(items, work)
    sum = 0
    Bench::Processes.pipes(items, work) { |results| results.each { |item| sum += yield(item) } }
    sum
  end

  def parallel(items, work)
    sum = 0
    Bench::Processes.parallel(items, work) { |results| results.each { |item| sum += yield(item) } }
    sum
  end

  # Nothing is sent, and nobody waits: what two processes can do at best here.
  def halves(count)
    halves = [0...count / 2, count / 2...count]
    pids = halves.map do |half|
      Process.fork do
        half.each { |number| yield number }
        exit!(true)
      end
    end
    pids.each { |pid| Process.wait2(pid).last.success? or raise "a fork failed" }
    (0...count).sum # which tells that all were gone through, not what came of them
  end

  def strings(count, size) = Array.new(count) { |number| number.to_s.ljust(size, "x") }

  def hashes(count)
    Array.new(count) do |number|
      { id: number, name: "name #{number}", email: "user#{number}@example.com", score: number / 3.0,
        active: number.even?, group: :readers, visits: 12, city: "Reykjavik" }
    end
  end

  # Runs with one item for each of two workers, in a process that does nothing else; answers with the
  # median of their milliseconds.
  STARTUP = <<~RUBY
    require "minigun"
    class Two
      include Minigun::DSL
      attr_reader :sum
      pipeline do
        producer(:items) { |output| [1, 2].each { |item| output << item } }
        ipc_fork(2) { processor(:same) { |item, output| output << item } }
        consumer(:add) { |item| @sum = @sum.to_i + item }
      end
    end
    times = Array.new(21) do
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      job = Two.new
      job.run
      raise "lost" unless job.sum == 3
      (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000
    end
    puts times.drop(1).sort[10]
  RUBY

  def startup
    output = IO.popen([RbConfig.ruby, "-I", File.expand_path("../lib", __dir__), "-e", STARTUP], &:read)
    raise "the program failed" unless $?.success?

    output.to_f
  end

  # Seconds that an item of that many bytes takes, there and back.
  def large(size)
    item = Random.new(1).bytes(1 << 20) * (size >> 20)
    back = nil
    seconds = Bench.seconds { minigun(Persistent, [item], SAME) { |whole| (back = whole).bytesize } }
    raise "it didn't arrive whole" unless back == item

    seconds
  end

  # Items lost or delivered twice in so many runs, a random worker being killed every 50 ms.
  def killings(count, runs)
    logger, Minigun.logger = Minigun.logger, Logger.new(IO::NULL)
    stop = false
    killer = Thread.new do
      until stop
        sleep 0.05
        kill_one
      end
    end
    before = killed
    Array.new(runs) { wrong(count) }.sum.tap { raise "nobody was killed" if killed == before }
  ensure
    stop = true
    killer.join
    Minigun.logger = logger
  end

  def wrong(count)
    seen = Array.new(count, 0)
    minigun(Persistent, 0...count, ->(number) { spend(number) }) do |number|
      seen[number] += 1
      1
    end
    seen.count { |times| times != 1 }
  end

  # Some microseconds of work, so that a run outlives some of its workers.
  def spend(number)
    30.times { |turn| turn ^ number }
    number
  end

  def kill_one
    pid = Dir["/proc/self/task/*/children"].flat_map { |path| File.read(path).split }.sample
    @killed = @killed.to_i + 1 if pid && Process.kill(:KILL, pid.to_i)
  rescue Errno::ESRCH, Errno::ENOENT
    nil
  end

  def killed = @killed.to_i
end

Forks::Cpu.calibrate
Bench.run "fork", "Two processes, and what it costs to get work to them and results back." do
  rounds 2
  without_memory # what counts here is in the children

  group "2 ms of CPU"
  items 1000
  check { |sum, count| sum == count * (count - 1) / 2 }
  work = ->(number) { Forks::Cpu.work(number) }
  contender("one process") { |count| (0...count).sum { |number| work.call(number) } }
  contender("minigun, ipc_fork") { |count| Forks.minigun(Forks::Persistent, 0...count, work, &:itself) }
  contender("minigun, cow_fork") { |count| Forks.minigun(Forks::CopyOnWrite, 0...count, work, &:itself) }
  contender("two forks with half of it each") { |count| Forks.halves(count, &work) }
  contender("pipes, batches of 500") { |count| Forks.pipes(0...count, work, &:itself) }
  contender("parallel", needs: "parallel") { |count| Forks.parallel(0...count, work, &:itself) }
  original "fork_cpu", items: 1000

  [["integers", 200_000, ->(count) { (0...count).to_a }, ->(number) { number.is_a?(Integer) ? 1 : 0 }],
   ["100-byte strings", 100_000, ->(count) { Forks.strings(count, 100) }, ->(text) { text.bytesize / 100 }],
   ["10 kB strings", 10_000, ->(count) { Forks.strings(count, 10_000) }, ->(text) { text.bytesize / 10_000 }],
   ["8-key hashes", 50_000, ->(count) { Forks.hashes(count) }, ->(hash) { hash.size / 8 }]].each do |title, count, make, one|
    group title
    items count
    prepare(&make)
    check { |sum, number| sum == number }
    contender("minigun, ipc_fork") { |made| Forks.minigun(Forks::Persistent, made, Forks::SAME, &one) }
    contender("pipes, batches of 500") { |made| Forks.pipes(made, Forks::SAME, &one) }
    contender("parallel", items: count / 20, needs: "parallel") { |made| Forks.parallel(made, Forks::SAME, &one) }
    original "fork_there_and_back", items: 1000 if title == "integers"
  end

  figure("start and end of a run with two workers", "ms") { Forks.startup }
  figure("an item of 100 MB, there and back", "s") { Forks.large(100 << 20) }
  figure("lost or doubled in 25 runs of 100 000 items, a worker killed every 50 ms") { Forks.killings(scaled(100_000), 25) }
  figure("workers killed so far") { Forks.killed }

  goal "2 ms of CPU: minigun, ipc_fork", "2 ms of CPU: one process", at_most: 0.515
  item_time "integers: minigun, ipc_fork", at_most: 500
  faster "integers: minigun, ipc_fork", "integers: parallel", times: 40
  item_time "100-byte strings: minigun, ipc_fork", at_most: 1000
  faster "10 kB strings: minigun, ipc_fork", "10 kB strings: pipes, batches of 500", times: 3
  faster "8-key hashes: minigun, ipc_fork", "8-key hashes: pipes, batches of 500", times: 3
  limit "start and end of a run with two workers", at_most: 15
  limit "lost or doubled in 25 runs of 100 000 items, a worker killed every 50 ms", at_most: 0
end
