# frozen_string_literal: true

module Bench
  # The same chain - numbers, three steps that add one, a sum - as one would write it without minigun.
  module ByHand
    STEPS = 3
    BATCH = 64

    module_function

    def lambdas(count)
      sum = 0
      last = ->(number) { sum += number }
      third = ->(number) { last.call(number + 1) }
      second = ->(number) { third.call(number + 1) }
      first = ->(number) { second.call(number + 1) }
      count.times { |number| first.call(number) }
      sum
    end

    def lazy(count)
      sum = 0
      (0...count).lazy.map { |number| number + 1 }.map { |number| number + 1 }.map { |number| number + 1 }
                 .each { |number| sum += number }
      sum
    end

    # A thread for each step, a queue before each.
    def threads(count)
      queues = Array.new(STEPS + 1) { yield }
      source = Thread.new do
        count.times { |number| queues[0] << number }
        queues[0] << :end
      end
      steps = Array.new(STEPS) { |index| Thread.new { add_one(queues[index], queues[index + 1]) } }
      sum = 0
      while (number = queues.last.pop) != :end
        sum += number
      end
      [source, *steps].each(&:join)
      sum
    end

    def add_one(input, output)
      while (number = input.pop) != :end
        output << (number + 1)
      end
      output << :end
    end

    # The same with Arrays of BATCH numbers in the queues.
    def batched_threads(count)
      queues = Array.new(STEPS + 1) { SizedQueue.new([1000 / BATCH, 1].max) }
      source = Thread.new do
        (0...count).each_slice(BATCH) { |batch| queues[0] << batch }
        queues[0] << :end
      end
      steps = Array.new(STEPS) { |index| Thread.new { add_one_to_batches(queues[index], queues[index + 1]) } }
      sum = 0
      while (batch = queues.last.pop) != :end
        sum += batch.sum
      end
      [source, *steps].each(&:join)
      sum
    end

    def add_one_to_batches(input, output)
      while (batch = input.pop) != :end
        output << batch.map { |number| number + 1 }
      end
      output << :end
    end

    def kiba(count)
      total = []
      job = Kiba.parse do
        source KibaNumbers, count
        STEPS.times { transform { |number| number + 1 } }
        destination KibaSum, total
      end
      Kiba.run(job)
      total.first
    end

    # One executor with one thread for each step.
    def executors(count)
      pools = Array.new(STEPS + 1) { Concurrent::SingleThreadExecutor.new(max_queue: 0) }
      sum = 0
      last = ->(number) { pools[3].post { sum += number } }
      third = ->(number) { pools[2].post { last.call(number + 1) } }
      second = ->(number) { pools[1].post { third.call(number + 1) } }
      count.times { |number| pools[0].post { second.call(number + 1) } }
      pools.each { |pool| pool.shutdown && pool.wait_for_termination }
      sum
    end

    # What Kiba.parse takes as source and destination.
    class KibaNumbers
      def initialize(count) = @count = count
      def each(&block) = @count.times(&block)
    end

    # Leaves its sum as the only element of the Array it is given.
    class KibaSum
      def initialize(total)
        @total = total
        @sum = 0
      end

      def write(number) = @sum += number
      def close = @total << @sum
    end
  end
end
