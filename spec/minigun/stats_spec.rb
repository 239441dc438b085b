# frozen_string_literal: true

RSpec.describe Minigun::Stats do
  subject(:stats) { described_class.new(:parse) }

  def samples = stats.instance_variable_get(:@latency_samples)

  it "starts empty" do
    expect(stats).to have_attributes(
      stage_name: :parse, start_time: nil, end_time: nil, items_produced: 0, items_consumed: 0, items_failed: 0,
      runtime: 0, total_items: 0, throughput: 0, time_per_item: 0, success_rate: 100.0, p50: 0, observations: 0
    )
    expect(stats.has_latency_data?).to be(false)
  end

  it "keeps the name as it was given, and the stage" do
    stage = Object.new

    expect(described_class.new("parse", stage: stage)).to have_attributes(stage_name: "parse", stage: stage)
  end

  describe "counters" do
    it "add one, or as many as said" do
      2.times { stats.increment_produced }
      stats.increment_consumed(5)
      stats.increment_failed(3)

      expect(stats).to have_attributes(items_produced: 2, items_consumed: 5, items_failed: 3)
      expect(stats.instance_variable_get(:@items_consumed)).to eq(5)
    end

    it "are exact under concurrent use" do
      Array.new(4) { Thread.new { 5_000.times { stats.increment_consumed } } }.each(&:join)

      expect(stats.items_consumed).to eq(20_000)
    end

    it "outgrow machine words" do
      stats.increment_produced(2**62)
      stats.increment_produced(2**62)

      expect(stats.items_produced).to eq(2**63)
    end
  end

  describe "derived numbers" do
    def timed(seconds, **options)
      described_class.new(:timed, **options).tap do |timed|
        timed.instance_variable_set(:@start_time, Time.at(100))
        timed.instance_variable_set(:@end_time, Time.at(100 + seconds))
      end
    end

    it "count what a terminal stage consumed and any other produced" do
      [false, true].each do |terminal|
        stats = timed(2, is_terminal: terminal)
        stats.increment_produced(8)
        stats.increment_consumed(4)

        expect(stats.total_items).to eq(terminal ? 4 : 8)
        expect(stats.throughput).to eq(stats.total_items / 2.0)
        expect(stats.time_per_item).to eq(2.0 / stats.total_items)
      end
    end

    it "are zero where nothing can be divided by" do
      expect(timed(0).tap { |stats| stats.increment_produced(3) }.throughput).to eq(0)
      expect(timed(2).time_per_item).to eq(0)
    end

    it "rate success in per cent" do
      stats.increment_produced(8)
      stats.increment_failed(2)

      expect(stats.success_rate).to be(75.0)
    end

    it "run until now while not finished" do
      stats.start!
      wait_until { stats.runtime.positive? }
      stats.finish!

      expect(stats.start_time).to be_a(Time)
      expect(stats.runtime).to eq(stats.end_time - stats.start_time)
    end
  end

  describe "latencies" do
    it "are kept as they are, up to the size of the reservoir" do
      times = Array.new(described_class::RESERVOIR_SIZE) { |i| i / 7.0 }
      times.each { |time| stats.record_latency(time) }

      expect(described_class::RESERVOIR_SIZE).to eq(1000)
      expect(samples).to eq(times)
    end

    it "are all kept under concurrent recording" do
      Array.new(4) { |t| Thread.new { 250.times { |i| stats.record_latency(t + (i / 1000.0)) } } }.each(&:join)

      expect(samples.uniq.size).to eq(1000)
      expect(stats.observations).to eq(1000)
    end

    it "become a uniform sample of a long stream" do
      30_000.times { |i| stats.record_latency(i.to_f) }
      thirds = samples.map { |time| time.to_i / 10_000 }.tally

      expect(samples.size).to eq(1000)
      expect(stats.observations).to eq(30_000)
      expect(thirds.values).to all(be_between(250, 420)) # five deviations
    end

    it "are recorded a million times in well under a second" do
      start = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
      1_000_000.times { stats.record_latency(0.001) }

      expect(Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - start).to be < 1
      expect(stats.observations).to eq(1_000_000)
    end

    it "refuse what is no number" do
      expect { stats.record_latency("1") }.to raise_error(TypeError)
    end

    it "give percentiles by rank" do
      (1..100).to_a.shuffle.each { |i| stats.record_latency(i.to_f) }

      expect(stats).to have_attributes(p50: 50.0, p90: 90.0, p95: 95.0, p99: 99.0)
      expect([0, 1, 55, 100, 200, -5].map { |p| stats.percentile(p) }).to eq([1.0, 1.0, 55.0, 100.0, 100.0, 1.0])
    end
  end

  describe "ivars set by others" do
    it "are what all methods go by" do
      stats.instance_variable_set(:@latency_samples, [0.003, 0.001, 0.002])

      expect(stats.has_latency_data?).to be(true)
      expect(stats.p50).to eq(0.002)
      expect(stats.to_h[:latency]).to include(p50: 2.0, samples: 3, observations: 0)

      stats.instance_variable_set(:@latency_count, 40)
      expect(stats.observations).to eq(40)

      stats.instance_variable_set(:@latency_samples, [])
      expect(stats.latency_data?).to be(false)
    end

    it "are the sample of all that were observed, of which one more is hardly ever kept" do
      stats.instance_variable_set(:@latency_samples, Array.new(1000, 0.0))
      stats.instance_variable_set(:@latency_count, 10**15)

      expect(stats.record_latency(1.0)).to eq(10**15 + 1)
      expect(samples).to all(eq(0.0))
    end

    it "may be anything, and are counted from anew where they are no numbers" do
      %i[@items_produced @latency_count @latency_samples].each { |name| stats.instance_variable_set(name, nil) }
      stats.increment_produced(2)
      [0.5, Rational(1, 4)].each { |seconds| stats.record_latency(seconds) }
      stats.instance_variable_set(:@latency_skip, 5)
      stats.record_latency(1)

      expect([stats.items_produced, stats.observations, samples]).to eq([2, 3, [0.5, Rational(1, 4), 1]])
      stats.instance_variable_set(:@latency_count, -7)
      expect(stats.record_latency(0.5)).to eq(1)
    end

    it "are gone on from" do
      stats.instance_variable_set(:@latency_samples, [0.5].freeze)
      stats.record_latency(0.25)
      expect(samples).to eq([0.5, 0.25])

      stats.instance_variable_set(:@latency_samples, Array.new(1000, 0.0))
      stats.instance_variable_set(:@latency_count, 1000)
      5_000.times { stats.record_latency(1.0) }
      expect(samples.size).to eq(1000)
      expect(samples.count(1.0)).to be_between(700, 960)

      stats.instance_variable_set(:@latency_samples, nil)
      stats.instance_variable_set(:@latency_count, 0)
      stats.record_latency(2.0)
      expect([samples, stats.observations]).to eq([[2.0], 1])
    end
  end

  describe "in words" do
    it "has latencies only if there are samples" do
      expect(stats.to_h.keys).to eq(%i[stage_name runtime items_produced items_consumed items_failed total_items
                                       throughput time_per_item success_rate])
      stats.record_latency(0.0123)
      expect(stats.to_h[:latency]).to eq(p50: 12.3, p90: 12.3, p95: 12.3, p99: 12.3, samples: 1, observations: 1)
    end

    it "names failures and latencies only if there are some" do
      expect(stats.to_s).to include("parse", "Runtime:", "Items:", "Throughput:")
      expect(stats.to_s).not_to match(/Failed:|Latency/)

      stats.increment_failed
      stats.record_latency(0.1)
      expect(stats.to_s).to include("Failed: 1", "Latency")
    end
  end

  describe "attached to a run" do
    let(:counters) { [3, 5, 1, 100.0, nil, 4, [0.1, 0.2]] }
    let(:run) do
      current = counters
      Object.new.tap { |run| run.define_singleton_method(:counters) { |_index| current } }
    end

    it "follows its counters" do
      stats.attach(run, 7)
      expect(stats).to have_attributes(items_consumed: 3, items_produced: 5, items_failed: 1, end_time: nil,
                                       start_time: Time.at(100.0), observations: 4, p99: 0.2)
      counters[0] = 9
      counters[4] = 102.0
      expect(stats).to have_attributes(items_consumed: 9, items_produced: 5, observations: 4, runtime: 2.0)
    end

    it "keeps what others count meanwhile" do
      stats.attach(run, 7)
      stats.increment_produced(10)
      expect(stats.items_produced).to eq(15)

      counters[1] = 6
      expect(stats.detach.items_produced).to eq(16)
    end

    it "is left as it was at the end" do
      stats.attach(run, 7).detach
      counters.map! { nil }

      expect(stats.items_consumed).to eq(3)
      expect(stats.instance_variable_get(:@latency_count)).to eq(4)
      stats.record_latency(0.4)
      expect(stats.observations).to eq(5)
    end
  end

  it "takes in no counters that are incomplete" do
    expect { stats.send(:take_in, [1, 2]) }.to raise_error(ArgumentError, "incomplete counters")
  end

  it "is copied with its samples, and leaves the process without its stage" do
    stats = described_class.new(:parse, stage: proc {})
    stats.record_latency(0.1)
    copy = stats.dup
    copy.record_latency(0.2)
    loaded = Marshal.load(Marshal.dump(stats))

    expect([stats, copy, loaded].map(&:observations)).to eq([1, 2, 1])
    expect(loaded.stage).to be_nil
  end

  it "survives the collector and compaction", limit: 300 do
    GC.stress = true
    20.times { |i| stats.record_latency(i + 0.5) }
    GC.stress = false
    GC.compact if GC.respond_to?(:compact)

    expect(samples).to eq(Array.new(20) { |i| i + 0.5 })
  ensure
    GC.stress = false
  end
end
