# frozen_string_literal: true

require_relative "support/bench"

# What broadcasting to branches and joining them costs.
module Fan
  class Job
    include Minigun::DSL
    attr_reader :sum

    def initialize(count)
      @count = count
      @sum = 0
    end

    pipeline do
      producer(:numbers, to: %i[one two three four]) { |output| @count.times { |number| output << number } }
      processor(:one, to: :add) { |number, output| output << (number + 1) }
      processor(:two, to: :add) { |number, output| output << (number + 2) }
      processor(:three, to: :add) { |number, output| output << (number + 3) }
      processor(:four, to: :add) { |number, output| output << (number + 4) }
      consumer(:add) { |number| @sum += number }
    end
  end

  module_function

  def minigun(count)
    job = Job.new(count)
    job.run
    job.sum
  end

  def lambdas(count)
    sum = 0
    join = ->(number) { sum += number }
    one = ->(number) { join.call(number + 1) }
    two = ->(number) { join.call(number + 2) }
    three = ->(number) { join.call(number + 3) }
    four = ->(number) { join.call(number + 4) }
    branches = [one, two, three, four]
    count.times { |number| branches.each { |branch| branch.call(number) } }
    sum
  end

  def threads(count)
    queues = Array.new(4) { SizedQueue.new(1000) }
    joined = SizedQueue.new(1000)
    source = Thread.new do
      count.times { |number| queues.each { |queue| queue << number } }
      queues.each { |queue| queue << :end }
    end
    branches = queues.each.with_index(1).map { |queue, amount| Thread.new { branch(queue, joined, amount) } }
    sum = 0
    open = branches.size
    while open.positive?
      (number = joined.pop) == :end ? open -= 1 : sum += number
    end
    [source, *branches].each(&:join)
    sum
  end

  def branch(input, output, amount)
    while (number = input.pop) != :end
      output << (number + amount)
    end
    output << :end
  end
end

Bench.run "fan", "A producer broadcasts to four branches, which join in a consumer; integers." do
  items 200_000
  check { |sum, count| sum == 4 * (count * (count - 1) / 2) + 10 * count }

  contender("nested lambdas") { |count| Fan.lambdas(count) }
  contender("minigun") { |count| Fan.minigun(count) }
  contender("Thread + SizedQueue(1000)", items: 40_000) { |count| Fan.threads(count) }
  original "fan", items: 10_000

  goal "minigun", "nested lambdas", at_most: 1.1
end
