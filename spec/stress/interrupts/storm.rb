# frozen_string_literal: true

require "minigun"
require "timeout"

# Interrupts at random moments into the threads of a run: each costs the item in hand, or nothing.
module Interrupts
  class Poke < StandardError; end

  SHAPES = {
    "workers that wait for input" =>
      { text: "producer(:gen) { N.times { |n| emit n; Thread.pass if n % 8 == 0 } }\nprocessor(:a, threads: 3) { |n| poke; emit n }\n" },
    "writers that wait for room" =>
      { text: "producer(:gen) { N.times { |n| emit n } }\nprocessor(:a, queue_size: 1) { |n| poke; emit n }\n" \
              "processor(:b, threads: 2, queue_size: 1) { |n| poke; emit n }\n" },
    "one segment" =>
      { text: "producer(:gen) { N.times { |n| emit n } }\nprocessor(:a) { |n| poke; emit n }\nprocessor(:b) { |n| poke; emit n }\n" },
    "a pool that keeps the order" =>
      { text: "producer(:gen) { N.times { |n| emit n } }\nprocessor(:a, threads: 3, ordered: true) { |n| poke; emit n }\n" },
    "items that are tried again" =>
      { text: "producer(:gen) { N.times { |n| emit n } }\nprocessor(:a, threads: 2, retries: 3, backoff: 0) { |n| poke; emit n }\n" },
    "dead letters" =>
      { text: "producer(:gen) { N.times { |n| emit n } }\n" \
              "processor(:a, threads: 2, on_error: :dead_letter, dead_letter: []) { |n| poke; emit n }\n" }
  }.freeze

  # A run that does nothing for ever.
  def self.sleeper(options = "")
    Class.new do
      include Minigun::DSL
      class_eval("producer(:gen) { 3.times { |n| emit n } }\nconsumer(:work#{options}) { |n| sleep }\n", "sleeper", 1)
    end.new
  end

  # One run under fire. Producers are spared: what hits them ends them.
  class Storm
    PILE = 32

    attr_reader :sent

    # @param kills [Integer] of so many interrupts one is a kill, and one a pair
    def initialize(text, items:, seed:, kills: 50)
      @text, @items, @random, @kills = text, items, Random.new(seed), kills
      @sent = 0
      @waiting = Hash.new(0)
    end

    # @return [String, nil] what went wrong
    def fault
      @job = job_class.new(self)
      count = nil
      runner = Thread.new { count = @job.perform }
      runner.report_on_exception = false
      while runner.alive?
        poke
        Thread.pass
      end
      runner.value
      count == @items ? balance : "returned #{count}, not #{@items}"
    end

    # From outside, and from the blocks of the threads themselves.
    def poke
      targets = @job._minigun_task&.root_pipeline&.latest_run&.threads.to_a
      target = targets[1 + @random.rand(targets.size - 1)] if targets.size > 1 # the first one runs the producer
      return if target.nil? || !target.alive? || swamped?(target)

      @sent += 1
      case @random.rand(@kills)
      when 0 then target.kill
      when 1 then target.raise(Poke).then { target.kill }
      when 2..5 then target.wakeup
      else target.raise(Poke)
      end
    rescue ThreadError
      nil # it has ended meanwhile
    end

    private

    # Interrupts that pile up faster than they are taken in leave a thread no time for anything else.
    def swamped?(target)
      @waiting.delete(target) unless target.pending_interrupt?
      (@waiting[target] += 1) > PILE
    end

    def job_class
      text = @text.gsub("N.times", "#{@items}.times") + "consumer(:keep, threads: 2) { |n| @out << n }\n"
      Class.new do
        include Minigun::DSL
        attr_reader :out

        def initialize(storm) = (@storm, @out = storm, Thread::Queue.new)
        def poke = @storm.poke
        class_eval(text, "storm", 1)
      end
    end

    # Nothing is doubled, and what is missing is in the books.
    def balance
      out = Array.new(@job.out.size) { @job.out.pop }
      return "doubled: #{out.tally.select { |_, n| n > 1 }.first(5)}" if out.uniq.size < out.size

      stages = @job.last_result.stages
      odd = stages.reject(&:balanced?)
      return "the books of #{odd.map(&:to_h)}" if odd.any?

      lost = stages.sum(&:undelivered)
      "#{@items - out.size} items are missing, #{lost} in the books" unless (@items - out.size).between?(0, lost)
    end
  end
end
