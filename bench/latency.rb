# frozen_string_literal: true

require_relative "support/bench"

# How long an item of a slow source is under way, and what the waiting costs. A producer is taken for
# slow after a tenth of a second, and what it holds then leaves at once: the first few items are the slowest.
class Trickle
  include Minigun::DSL
  EVERY = 0.020

  attr_reader :delays

  def initialize(count)
    @count = count
    @delays = []
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  pipeline do
    producer(:ticks) do |output|
      @count.times do
        sleep EVERY
        output << now
      end
    end
    processor(:pass) { |sent, output| output << sent }
    consumer(:arrive) { |sent| @delays << (now - sent) }
  end

  # The delays in milliseconds, sorted, and the share of a core in percent.
  def self.measure(count)
    job = new(count)
    cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
    seconds = Bench.seconds { job.run }
    cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - cpu
    raise "#{job.delays.size} of #{count} items arrived" unless job.delays.size == count

    [job.delays.sort.map { |delay| delay * 1000 }, cpu / seconds * 100]
  end
end

Bench.run "latency", "A producer that emits an item every 20 ms; two stages behind it." do
  rounds 3
  count = scaled(500)
  share = slowest = nil

  figure("99th percentile of an item's way", "ms") do
    delays, share = Trickle.measure(count)
    slowest = delays.last
    delays[(count * 0.99).ceil - 1]
  end
  figure("the slowest item's way", "ms") { slowest }
  figure("share of a core", "%") { share }

  limit "99th percentile of an item's way", at_most: 10
  limit "share of a core", at_most: 2
end
