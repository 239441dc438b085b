# frozen_string_literal: true

require_relative "support/bench"

# A fast producer, a slow consumer, and a queue between them.
class Flood
  include Minigun::DSL
  attr_reader :bytes

  def initialize(count)
    @count = count
    @bytes = 0
  end

  pipeline do
    producer(:strings) { |output| @count.times { output << ("x" * 100) } }
    thread_pool(1) do
      consumer(:weigh) { |string| @bytes += string.sum / 120 }
    end
  end

  # The most that a run of so many items added to the resident memory, in MB.
  def self.growth(count)
    warm = new(10_000)
    warm.run
    GC.start
    Bench::Machine.forget_peak
    before = Bench::Machine.resident
    job = new(count)
    job.run
    raise "weighed #{job.bytes} bytes" unless job.bytes == count * 100

    (Bench::Machine.peak - before) / 1e6
  end
end

Bench.run "memory", "Strings of 100 bytes from a fast producer to a slow consumer in a thread of its own." do
  rounds 1
  abort "memory is measured through /proc only" unless Bench::Machine.measures_memory?

  [1_000_000, 10_000_000].each do |size|
    count = scaled(size)
    figure("growth over #{count} items", "MB") { Flood.growth(count) }
    limit "growth over #{count} items", at_most: 5
  end
end
