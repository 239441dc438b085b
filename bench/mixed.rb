# frozen_string_literal: true

require_relative "support/bench"
require_relative "support/waiting"

# Stages that wait among stages that don't.
module Mixed
  class Job
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

  # One stage waits, with twenty threads; those before and after it are quick.
  class Between < Job
    pipeline do
      producer(:numbers) { |output| @count.times { |number| output << number } }
      processor(:before) { |number, output| output << (number + 1) }
      processor(:wait, threads: 20) do |number, output|
        sleep Bench::Waiting::SECONDS
        output << number
      end
      processor(:after) { |number, output| output << (number + 1) }
      consumer(:add) { |number| @sum += number }
    end
  end

  # Two plain stages wait, one behind the other; nothing says so.
  class InARow < Job
    pipeline do
      producer(:numbers) { |output| @count.times { |number| output << number } }
      processor(:wait) do |number, output|
        sleep Bench::Waiting::SECONDS
        output << (number + 1)
      end
      processor(:wait_again) do |number, output|
        sleep Bench::Waiting::SECONDS
        output << (number + 1)
      end
      consumer(:add) { |number| @sum += number }
    end
  end
end

Bench.run "mixed", "A stage of 5 ms sleep with 20 threads between quick ones; two plain ones in a row." do
  items 1000
  check { |sum, count| sum == count * (count - 1) / 2 + 2 * count }
  rounds 3

  contender("20 Threads + SizedQueue(1000)", check: nil) { |count| Bench::Waiting.threads(count, 20) }
  contender("minigun: one waits, threads: 20") { |count| Mixed::Between.sum(count) }
  contender("minigun: two wait in a row", items: 200) { |count| Mixed::InARow.sum(count) }

  ideal "minigun: one waits, threads: 20", 0.25, at_most: 1.2
  ideal "minigun: two wait in a row", 5.0, at_most: 1.2
end
