# frozen_string_literal: true

RSpec.describe Minigun::AggregatedStats do
  subject(:stats) { described_class.new("main", dag) }

  let(:dag) do
    Minigun::DAG.new.tap do |dag|
      dag.add_edge(:gen, :slow)
      dag.add_edge(:slow, :keep)
    end
  end

  def measured(name, produced: 0, consumed: 0, seconds: 1, terminal: false)
    stats.for_stage(name, is_terminal: terminal).tap do |stage|
      stage.increment_produced(produced)
      stage.increment_consumed(consumed)
      stage.instance_variable_set(:@start_time, Time.at(0))
      stage.instance_variable_set(:@end_time, Time.at(seconds))
    end
  end

  def chain
    measured(:keep, consumed: 10, seconds: 1, terminal: true)
    measured(:gen, produced: 10, seconds: 1)
    measured(:slow, consumed: 10, produced: 10, seconds: 5)
  end

  describe "#for_stage" do
    it "makes each stage's statistics once" do
      first = stats.for_stage(:keep, is_terminal: true)

      expect(stats.for_stage(:keep, is_terminal: false)).to be(first)
      expect(first).to be_terminal
      expect(stats.stage_stats).to eq(keep: first)
    end

    it "makes one object for many threads" do
      found = Array.new(8) { Thread.new { stats.for_stage(:gen) } }.map(&:value)

      expect(found.uniq(&:object_id).size).to eq(1)
    end

    it "takes Symbols, Strings and stages for the same name" do
      stage = Minigun::Stage.new(name: :gen)
      found = stats.for_stage(:gen)

      expect([stats.for_stage("gen"), stats.for_stage(stage)]).to all(be(found))
      expect([stats.stage_stats["gen"], stats.stage_stats[stage], stats.stage_stats.fetch("gen")]).to all(be(found))
      expect(stats.stage_stats.key?("gen") && stats.stage_stats.key?(stage)).to be(true)
      expect(stats.stage_stats.dig("gen")).to be(found)
      expect(stats.stage_stats[:other]).to be_nil
      expect { stats.stage_stats.fetch("other") }.to raise_error(KeyError)
    end

    it "keeps the name as it was given, and the stage" do
      stage = Minigun::Stage.new(name: "own")

      expect(stats.for_stage(stage)).to have_attributes(stage_name: "own", stage: stage)
      expect(stats.stage_stats.keys).to eq(["own"])
    end
  end

  it "bears the name of its pipeline, or knows the pipeline itself" do
    pipeline = Minigun::Pipeline.new(:lines)
    of_pipeline = described_class.new(pipeline, pipeline.dag)

    expect(stats).to have_attributes(pipeline_name: "main", pipeline: nil)
    expect(of_pipeline).to have_attributes(pipeline_name: :lines, pipeline: pipeline)
  end

  it "measures its own time" do
    expect(stats.runtime).to eq(0)
    stats.start!
    wait_until { stats.runtime.positive? }
    stats.finish!

    expect(stats.runtime).to eq(stats.end_time - stats.start_time)
  end

  it "sums up sources, terminals, and all" do
    chain

    expect(stats).to have_attributes(total_items: 30, total_produced: 10, total_consumed: 10)
  end

  it "counts stages without statistics as nothing" do
    measured(:slow, produced: 4)

    expect(stats).to have_attributes(total_produced: 0, total_consumed: 0, total_items: 4)
    expect(stats.stages_in_order.map(&:stage_name)).to eq([:slow])
  end

  it "has the throughput of its sources" do
    chain
    expect(stats.throughput).to eq(0)

    stats.instance_variable_set(:@start_time, Time.at(0))
    stats.instance_variable_set(:@end_time, Time.at(2))
    expect(stats.throughput).to eq(5.0)
  end

  it "finds the bottleneck, if there are stages" do
    expect(stats.bottleneck).to be_nil
    chain
    stats.for_stage(:never_reached)
    expect(stats.bottleneck.stage_name).to eq(:slow)
  end

  it "puts stages in topological order" do
    chain

    expect(stats.stages_in_order.map(&:stage_name)).to eq(%i[gen slow keep])
  end

  it "becomes a Hash" do
    expect(stats.to_h.keys).to eq(%i[pipeline runtime total_produced total_consumed throughput stages])
    chain

    expect(stats.to_h).to include(pipeline: "main", total_produced: 10, bottleneck: { stage: :slow, throughput: 2.0 })
    expect(stats.to_h[:stages].map { |stage| stage[:stage_name] }).to eq(%i[gen slow keep])
  end

  it "becomes lines" do
    expect(stats.summary).not_to include("Bottleneck:")
    chain

    expect(stats.summary.lines.map(&:chomp)).to include(
      "Pipeline: main", /\ARuntime: /, /\AItems: /, /\AThroughput: /, /\ABottleneck: slow/, "Stages:", /\A  gen: /
    )
  end
end
