# frozen_string_literal: true

require_relative "support/bench"

# What packing items into batches costs.
module Batch
  SIZE = 1000

  class Job
    include Minigun::DSL
    attr_reader :sum

    def initialize(count)
      @count = count
      @sum = 0
    end
  end

  class Output < Job
    pipeline do
      producer(:numbers) { |output| @count.times { |number| output << number } }
      batch SIZE
      consumer(:add) { |numbers| @sum += numbers.sum }
    end
  end

  class Emit < Job
    producer(:numbers) { @count.times { |number| emit number } }
    accumulator :pack, max_size: SIZE
    consumer(:add) { |numbers| @sum += numbers.sum }
  end

  module_function

  def minigun(program, count)
    job = program.new(count)
    job.run
    job.sum
  end

  # The same three parts as closures that call each other.
  def closures(count)
    sum = 0
    add = ->(numbers) { sum += numbers.sum }
    numbers = []
    pack = lambda do |number|
      numbers << number
      if numbers.size >= SIZE
        full = numbers
        numbers = []
        add.call(full)
      end
    end
    count.times { |number| pack.call(number) }
    add.call(numbers) unless numbers.empty?
    sum
  end

  def slices(count)
    sum = 0
    (0...count).each_slice(SIZE) { |numbers| sum += numbers.sum }
    sum
  end

  def threads(count)
    queue = SizedQueue.new(1000)
    source = Thread.new do
      count.times { |number| queue << number }
      queue << :end
    end
    sum = 0
    numbers = []
    while (number = queue.pop) != :end
      numbers << number
      next if numbers.size < SIZE

      sum += numbers.sum
      numbers = []
    end
    source.join
    sum + numbers.sum
  end
end

Bench.run "batch", "A producer, batches of 1000, a consumer that sums each batch; integers." do
  items 1_000_000
  check { |sum, count| sum == count * (count - 1) / 2 }

  contender("inline loop with emit closures") { |count| Batch.closures(count) }
  contender("minigun: output, in pipeline do") { |count| Batch.minigun(Batch::Output, count) }
  contender("minigun: emit, class level") { |count| Batch.minigun(Batch::Emit, count) }
  contender("each_slice, no pipeline at all") { |count| Batch.slices(count) }
  contender("Thread + SizedQueue(1000)", items: 200_000) { |count| Batch.threads(count) }
  original "batch", items: 20_000

  goal "minigun: output, in pipeline do", "inline loop with emit closures", at_most: 0.9
end
