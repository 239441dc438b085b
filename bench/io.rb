# frozen_string_literal: true

require_relative "support/bench"
require_relative "support/waiting"

# Items that wait, and how many of them wait at a time.
module Io
  # Counts its items in a consumer that sleeps for each.
  class Job
    include Minigun::DSL

    def initialize(count)
      @count = count
      @done = Queue.new
    end

    def self.count(count)
      job = new(count)
      job.run
      job.done_count
    end

    def done_count = @done.size

    def work(number)
      sleep Bench::Waiting::SECONDS
      @done << number
    end
  end

  class Threads < Job
    producer(:numbers) { @count.times { |number| emit number } }
    consumer(:wait, threads: 50) { |number| work(number) }
  end

  class MaxThreads < Job
    max_threads 50
    producer(:numbers) { @count.times { |number| emit number } }
    consumer(:wait) { |number| work(number) }
  end

  class Default < Job
    producer(:numbers) { @count.times { |number| emit number } }
    consumer(:wait) { |number| work(number) }
  end
end

Bench.run "io", "Items of 5 ms sleep, in 50 threads and with no option at all." do
  items 1000
  check { |done, count| done == count }
  rounds 3

  contender("50 Threads + SizedQueue(1000)") { |count| Bench::Waiting.threads(count, 50) }
  contender("minigun: threads: 50") { |count| Io::Threads.count(count) }
  contender("minigun: max_threads 50") { |count| Io::MaxThreads.count(count) }
  contender("minigun: the default") { |count| Io::Default.count(count) }
  contender("parallel, in_threads: 50", needs: "parallel") { |count| Bench::Waiting.parallel(count, 50) }
  contender("concurrent-ruby, FixedThreadPool(50)", needs: "concurrent") { |count| Bench::Waiting.concurrent(count, 50) }
  contender("5 Threads + SizedQueue(1000)") { |count| Bench::Waiting.threads(count, 5) }
  original "io", items: 1000

  ideal "minigun: threads: 50", 0.1, at_most: 1.10
  ideal "minigun: max_threads 50", 0.1, at_most: 1.20
  ideal "minigun: the default", 1.0, at_most: 1.15
end
