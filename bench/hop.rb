# frozen_string_literal: true

require_relative "support/bench"

# What one item costs on its way through a chain of cheap stages.
module Hop
  # Chains of numbers, three steps that add one, a sum; the subclasses say how they are written.
  class Chain
    include Minigun::DSL
    attr_reader :sum

    def initialize(count)
      @count = count
      @sum = 0
    end

    def self.sum(count)
      job = new(count)
      job.run
      job.sum
    end
  end

  class BlockOutput < Chain
    pipeline do
      producer(:numbers) { |output| @count.times { |number| output << number } }
      processor(:first) { |number, output| output << (number + 1) }
      processor(:second) { |number, output| output << (number + 1) }
      processor(:third) { |number, output| output << (number + 1) }
      consumer(:add) { |number| @sum += number }
    end
  end

  class BlockEmit < Chain
    pipeline do
      producer(:numbers) { @count.times { |number| emit number } }
      processor(:first) { |number| emit number + 1 }
      processor(:second) { |number| emit number + 1 }
      processor(:third) { |number| emit number + 1 }
      consumer(:add) { |number| @sum += number }
    end
  end

  class ClassOutput < Chain
    producer(:numbers) { |output| @count.times { |number| output << number } }
    processor(:first) { |number, output| output << (number + 1) }
    processor(:second) { |number, output| output << (number + 1) }
    processor(:third) { |number, output| output << (number + 1) }
    consumer(:add) { |number| @sum += number }
  end

  class ClassEmit < Chain
    producer(:numbers) { @count.times { |number| emit number } }
    processor(:first) { |number| emit number + 1 }
    processor(:second) { |number| emit number + 1 }
    processor(:third) { |number| emit number + 1 }
    consumer(:add) { |number| @sum += number }
  end
end

Bench.run "hop", "Producer, three processors that add one, consumer that sums; integers." do
  items 1_000_000
  check { |sum, count| sum == count * (count - 1) / 2 + 3 * count }

  contender("nested lambdas") { |count| Bench::ByHand.lambdas(count) }
  contender("minigun: output, in pipeline do") { |count| Hop::BlockOutput.sum(count) }
  contender("minigun: emit, in pipeline do") { |count| Hop::BlockEmit.sum(count) }
  contender("minigun: output, class level") { |count| Hop::ClassOutput.sum(count) }
  contender("minigun: emit, class level") { |count| Hop::ClassEmit.sum(count) }
  contender("Enumerator::Lazy") { |count| Bench::ByHand.lazy(count) }
  contender("kiba", needs: "kiba") { |count| Bench::ByHand.kiba(count) }
  contender("Thread + SizedQueue(1000)", items: 200_000) { |count| Bench::ByHand.threads(count) { SizedQueue.new(1000) } }
  contender("Thread + Queue", items: 200_000) { |count| Bench::ByHand.threads(count) { Queue.new } }
  contender("Thread + SizedQueue, batches of 64") { |count| Bench::ByHand.batched_threads(count) }
  contender("concurrent-ruby executors", items: 50_000, needs: "concurrent") { |count| Bench::ByHand.executors(count) }
  original "hop", items: 20_000

  goal "minigun: output, in pipeline do", "nested lambdas", at_most: 2.0
  goal "minigun: emit, in pipeline do", "nested lambdas", at_most: 2.2
  goal "minigun: output, class level", "nested lambdas", at_most: 2.6
  goal "minigun: emit, class level", "nested lambdas", at_most: 2.6
  faster "minigun: output, in pipeline do", "Enumerator::Lazy", times: 1.0
  faster "minigun: output, in pipeline do", "Thread + SizedQueue(1000)", times: 5.0
  faster "minigun: emit, class level", "Thread + SizedQueue(1000)", times: 2.0
  item_time "minigun: emit, class level", at_most: 650
end
