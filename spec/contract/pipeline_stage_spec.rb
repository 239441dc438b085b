# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::PipelineStage do
  subject(:stage) { described_class.new(name: :nested) }

  # A stage whose pipeline holds the given processors, in order, without any edges.
  def walking(*blocks)
    stage.pipeline = Minigun::Pipeline.new(:nested)
    blocks.each.with_index { |block, i| stage.pipeline.add_stage(:processor, :"s#{i}", &block) }
    stage
  end

  def walk(item, context = Object.new)
    stage.execute_with_emit(context, item)
  end

  it "is composite and starts without a pipeline" do
    expect(stage).to be_a(Minigun::Stage)
    expect(stage.pipeline).to be_nil
    expect([stage.composite?, stage.producer?, stage.accumulator?]).to eq([true, false, false])
  end

  it "queues stages until it has a pipeline" do
    stage.add_stage(:processor, :a) { |n| emit n + 1 }
    stage.add_stage(:processor, :b, { colour: :red }) { |n| emit n * 2 }
    expect(stage.instance_variable_get(:@stages_to_add).size).to eq(2)

    line = Minigun::Pipeline.new(:other)
    stage.pipeline = line

    expect(stage.pipeline).to be(line)
    expect(line.stages.keys).to eq(%i[a b])
    expect(line.stages[:b].options[:colour]).to eq(:red)
    expect(walk(3)).to eq([8])
  end

  it "forwards stages once it has a pipeline" do
    stage.pipeline = Minigun::Pipeline.new(:nested)
    stage.add_stage(:processor, :a) { |n| emit n + 1 }

    expect(stage.pipeline.stages.keys).to eq([:a])
  end

  describe "the walk" do
    it "gives the item back without a pipeline" do
      expect(walk(3)).to eq([3])
    end

    it "sends each item through all stages in the order of the Hash" do
      walking(proc { |n| emit n + 1 }, proc { |n| emit n * 10 })

      expect(walk(3)).to eq([40])
    end

    it "skips producers, accumulators and nested pipelines" do
      stage.pipeline = pipeline(:nested) do |p|
        p.add_stage(:producer, :gen) { raise "not here" }
        p.add_stage(:processor, :triple) { |n| emit n * 3 }
        p.add_stage(:accumulator, :pack)
        p.stages[:deeper] = described_class.new(name: :deeper)
        p.add_stage(:processor, :less) { |n| emit n - 4 }
      end

      expect(walk(6)).to eq([14])
    end

    it "multiplies with several emits" do
      walking(proc { |n| [n, n + 1].each { |each| emit each } }, proc { |n| emit n * 10 })

      expect(walk(2)).to eq([20, 30])
    end

    it "ends with nothing after a stage that emits nothing" do
      reached = []
      walking(proc { |n| n }, proc { |n| reached << n })

      expect(walk(2)).to eq([])
      expect(reached).to eq([])
    end

    it "gives nothing for a last stage with a side effect only" do
      context = Object.new
      walking(proc { |n| emit n + 1 }, proc { |n| (@seen ||= []) << n })

      expect(walk(2, context)).to eq([])
      expect(context.instance_variable_get(:@seen)).to eq([3])
    end

    it "shares instance variables of a bare object among the stages" do
      walking(proc { |n| emit(@first = n) }, proc { |n| emit n + @first })

      expect(walk(2)).to eq([4])
    end

    it "uses no edges" do
      walking(proc { |n| emit n + 1 }, proc { |n| emit n * 2 })
      stage.pipeline.dag.add_edge(:s1, :s0)

      expect(walk(1)).to eq([4])
    end

    it "is done by #execute too, which gives nil" do
      seen = []
      walking(proc { |n| emit n + 1 }, proc { |n| seen << n })

      expect(stage.execute(Object.new, 1)).to be_nil
      expect(seen).to eq([2])
    end
  end
end
