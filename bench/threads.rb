# frozen_string_literal: true

require_relative "support/bench"

# A chain whose every stage has a thread of its own, so that each edge is a queue.
class ThreadChain
  include Minigun::DSL
  attr_reader :sum

  def initialize(count)
    @count = count
    @sum = 0
  end

  pipeline do
    producer(:numbers) { |output| @count.times { |number| output << number } }
    thread_pool(1) do
      processor(:first) { |number, output| output << (number + 1) }
      processor(:second) { |number, output| output << (number + 1) }
      processor(:third) { |number, output| output << (number + 1) }
      consumer(:add) { |number| @sum += number }
    end
  end

  def self.sum(count)
    job = new(count)
    job.run
    job.sum
  end
end

Bench.run "threads", "The chain of hop, each of its five stages in a thread of its own; integers." do
  items 200_000
  check { |sum, count| sum == count * (count - 1) / 2 + 3 * count }

  contender("Thread + SizedQueue(1000)") { |count| Bench::ByHand.threads(count) { SizedQueue.new(1000) } }
  contender("minigun: thread_pool(1)") { |count| ThreadChain.sum(count) }
  contender("Thread + Queue") { |count| Bench::ByHand.threads(count) { Queue.new } }
  contender("Thread + SizedQueue, batches of 64") { |count| Bench::ByHand.batched_threads(count) }

  faster "minigun: thread_pool(1)", "Thread + SizedQueue(1000)", times: 4.0
end
