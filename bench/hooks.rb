# frozen_string_literal: true

require_relative "support/bench"

# What a hook costs.
module Hooks
  class Chain
    include Minigun::DSL
    attr_reader :sum, :befores, :afters

    def initialize(count)
      @count = count
      @sum = @befores = @afters = 0
    end

    def self.sum(count)
      job = new(count)
      job.run
      job.sum
    end
  end

  class Bare < Chain
    pipeline do
      producer(:numbers) { |output| @count.times { |number| output << number } }
      processor(:first) { |number, output| output << (number + 1) }
      processor(:second) { |number, output| output << (number + 1) }
      processor(:third) { |number, output| output << (number + 1) }
      consumer(:add) { |number| @sum += number }
    end
  end

  class Hooked < Chain
    pipeline do
      producer(:numbers) { |output| @count.times { |number| output << number } }
      processor(:first) { |number, output| output << (number + 1) }
      processor(:second) { |number, output| output << (number + 1) }
      processor(:third) { |number, output| output << (number + 1) }
      consumer(:add) { |number| @sum += number }
      before(:second) { nil }
      after(:second) { nil }
    end
  end
end

Bench.run "hooks", "The chain of hop with a before and an after hook on one stage; integers." do
  items 1_000_000
  check { |sum, count| sum == count * (count - 1) / 2 + 3 * count }

  contender("minigun: no hooks") { |count| Hooks::Bare.sum(count) }
  contender("minigun: two hooks") { |count| Hooks::Hooked.sum(count) }

  extra "minigun: two hooks", "minigun: no hooks", "a hook", at_most: 35, parts: 2
end
