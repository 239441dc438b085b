# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Statistics classes" do
  describe Minigun::Stats do
    subject(:stats) { described_class.new(:work) }

    def backdated(stats, runtime)
      stats.start!
      stats.finish!
      stats.instance_variable_set(:@start_time, stats.end_time - runtime)
      stats
    end

    it "is zero at first" do
      expect([stats.runtime, stats.throughput, stats.time_per_item, stats.total_items, stats.p50]).to all(eq(0))
      expect(stats.success_rate).to eq(100.0)
      expect(stats.has_latency_data?).to be(false)
      expect(stats.to_h).not_to have_key(:latency)
    end

    it "computes its figures from the counters" do
      backdated(stats, 2.0)
      stats.increment_produced(8)
      stats.increment_failed(2)

      expect(stats.runtime).to be_within(0.001).of(2.0)
      expect(stats.throughput).to be_within(0.01).of(4.0)
      expect(stats.time_per_item).to be_within(0.001).of(0.25)
      expect(stats.success_rate).to eq(75.0)
    end

    it "counts consumed items if terminal" do
      terminal = described_class.new(:keep, is_terminal: true)
      terminal.increment_produced(5)
      2.times { terminal.increment_consumed }

      expect(terminal.total_items).to eq(2)
    end

    it "counts exactly from several threads" do
      Array.new(4) { Thread.new { 5_000.times { stats.increment_consumed } } }.each(&:join)

      expect(stats.items_consumed).to eq(20_000)
    end

    it "takes the percentile at ceil(p / 100 * n) - 1" do
      10.downto(1) { |n| stats.record_latency(n.to_f) }

      expect([1, 50, 90, 95, 99].map { |p| stats.percentile(p) }).to eq([1.0, 5.0, 9.0, 10.0, 10.0])
      expect([stats.p50, stats.p90, stats.p95, stats.p99]).to eq([5.0, 9.0, 10.0, 10.0])
    end

    it "keeps a thousand samples of a million, in well under a second" do
      took = seconds { 1_000_000.times { |n| stats.record_latency(n.to_f) } }
      samples = stats.instance_variable_get(:@latency_samples)

      expect(took).to be < 3
      expect(stats.to_h[:latency]).to include(samples: 1_000, observations: 1_000_000)
      expect(samples.partition { |sample| sample < 500_000 }.map(&:size)).to all(be_between(400, 600))
    end

    it "follows samples that are set from outside" do
      stats.instance_variable_set(:@latency_samples, [0.3, 0.1, 0.2])

      expect(stats.has_latency_data?).to be(true)
      expect(stats.p50).to eq(0.2)
      expect(stats.to_h[:latency]).to include(samples: 3, observations: 0)
      expect(stats.to_s).to include("Latency")
    end

    it "shows itself" do
      stats.increment_failed
      stats.record_latency(0.01)

      expect(stats.to_s).to include("work", "Runtime:", "Items:", "Throughput:", "Failed:", "Latency")
      expect(stats.to_h.keys).to include(:stage_name, :runtime, :items_produced, :items_consumed, :items_failed,
                                         :total_items, :throughput, :time_per_item, :success_rate, :latency)
    end
  end

  describe Minigun::AggregatedStats do
    subject(:all) { described_class.new("line", dag) }

    let(:dag) do
      Minigun::DAG.new.tap do |dag|
        dag.add_edge(:gen, :work)
        dag.add_edge(:work, :keep)
      end
    end

    before do
      all.for_stage(:keep, is_terminal: true).increment_consumed(3)
      all.for_stage(:gen).increment_produced(4)
    end

    it "gives one object per stage" do
      expect(all.for_stage(:gen)).to be(all.for_stage(:gen, is_terminal: true))
      expect(all.stage_stats.keys).to eq(%i[keep gen])
    end

    it "sums up sources and terminals" do
      expect([all.total_produced, all.total_consumed, all.total_items]).to eq([4, 3, 7])
    end

    it "puts stages in topological order" do
      expect(all.stages_in_order.map(&:stage_name)).to eq(%i[gen keep])
    end

    it "knows the bottleneck" do
      all.start!
      all.stage_stats.each_value { |stats| stats.start! && stats.finish! }
      all.for_stage(:gen).instance_variable_set(:@start_time, Time.now - 100)
      all.finish!

      expect(all.bottleneck).to be(all.for_stage(:gen))
      expect(all.to_h[:bottleneck]).to include(stage: :gen)
      expect(all.summary).to include("Pipeline: line", "Runtime:", "Items:", "Throughput:", "Bottleneck:", "Stages:")
    end
  end
end
