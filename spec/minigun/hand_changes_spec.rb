# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::HandChanges do
  let(:klass) do
    Class.new do
      include Minigun::DSL
      producer(:a) { emit 1 }
      consumer(:z) { |n| n }
    end
  end
  let(:root) { klass._minigun_task.root_pipeline }

  def instance = klass.new._evaluate_pipeline_blocks!.root_pipeline

  it "carries nothing over where nothing was changed" do
    root.send(:build_dag_routing!)

    expect([instance.ordered_names, instance.hooks.values.flatten]).to eq([%i[a z], []])
  end

  it "carries over stages, order, edges and hooks" do
    root.stages[:late] = Minigun::AtomicStage.new(name: :late, block: proc { |n| emit n })
    root.instance_variable_get(:@stage_order).insert(1, :late)
    root.dag.add_edge(:a, :late)
    root.dag.edges[:late] << :z
    root.add_hook(:before_run) { 1 }
    own = instance

    expect([own.ordered_names, own.dag.downstream(:a), own.dag.downstream(:late)]).to eq([%i[a late z], %i[late], %i[z]])
    expect(own.hooks[:before_run].size).to eq(1)
  end

  it "takes no later definition for a change by hand, however often structure is asked for" do
    root.add_hook(:before_run) { :by_hand }
    2.times do
      klass.before_run { :defined }
      klass.processor(:b) { |n| emit n }
      klass._minigun_task.hooks
    end
    own = instance

    expect(own.hooks[:before_run].map(&:call)).to eq(%i[defined defined by_hand])
    expect(own.find_stage(:b)).not_to be(klass._minigun_task.stages[:b])
  end

  it "carries over hooks of stages" do
    root.add_stage_hook(:before, :z) { 1 }
    root.add_stage(:consumer, :y, before: -> { 2 }) { |n| n }

    expect(instance.stage_hooks[:before].transform_values { |hooks| hooks.map(&:call) }).to eq({ z: [1], y: [2] })
  end

  it "is inherited as of that moment, and later definitions of the subclass come after it" do
    root.stages[:z] = Minigun::AtomicStage.new(name: :z, block: proc { |n| [:by_hand, n] })
    root.dag.add_edge(:a, :z)
    root.add_hook(:before_run) { 1 }
    child = Class.new(klass) { processor(:b) { |n| emit n } }
    grandchild = Class.new(child) { reroute_stage :a, to: :b }
    root.add_hook(:before_run) { 2 }

    [child, grandchild].each do |heir|
      own = heir.new._evaluate_pipeline_blocks!.root_pipeline
      expect([own, heir._minigun_task].map { |each| each.hooks[:before_run].map(&:call) }).to eq([[1], [1]])
      expect(own.stages[:z].execute(nil, 1)).to eq([:by_hand, 1])
    end
    expect([klass, child, grandchild].map { |each| each._minigun_task.dag.downstream(:a) }).to eq([%i[z], %i[z], %i[b]])
    expect(instance.hooks[:before_run].map(&:call)).to eq([1, 2])
  end

  it "goes on when the definitions do" do
    root.dag.add_edge(:a, :z)
    klass.consumer(:y, from: :a) { |n| n }

    expect(klass._minigun_task.dag.downstream(:a)).to eq(%i[z y])
    expect(instance.dag.downstream(:a)).to match_array(%i[y z])
  end

  it "takes away hooks that were taken away" do
    klass.before_run { 1 }
    klass.after_run { 2 }
    klass.before(:z) { 3 }
    root.hooks[:before_run].clear
    root.stage_hooks[:before][:z].clear
    own = instance

    expect([own.hooks[:before_run], own.stage_hooks[:before][:z], own.hooks[:after_run].size]).to eq([[], [], 1])
  end

  # A class shows its latest run.
  describe "after a run" do
    let(:out) { [] }
    let(:klass) do
      seen = out
      Class.new do
        include Minigun::DSL
        before_run { seen << :begun }
        producer(:a) { emit 1 }
        processor(:b) { |n| emit n + 1 }
        consumer(:z) { |n| seen << n }
      end
    end

    def run_again
      out.clear
      klass.new.run
      out
    end

    it "reaches the runs after it" do
      klass.new.run
      root.stages[:b] = Minigun::AtomicStage.new(name: :b, block: proc { |n| emit n + 100 })
      expect(run_again).to eq([:begun, 101])

      klass._minigun_task.hooks[:before_run].clear
      expect(2.times.map { run_again.dup }).to eq([[101], [101]])
    end

    it "stays when more is defined, and is inherited" do
      klass.new.run
      root.stages[:b] = Minigun::AtomicStage.new(name: :b, block: proc { |n| emit n + 100 })
      child = Class.new(klass)
      klass.reroute_stage(:b, to: :z)

      expect(run_again).to eq([:begun, 101])
      expect(klass._minigun_task.dag.downstream(:b)).to eq([:z])
      out.clear
      child.new.run
      expect(out).to eq([:begun, 101])
    end

    it "is none where the class was only looked at" do
      3.times { run_again && klass._minigun_task.root_pipeline.stats && klass._minigun_task.dag.to_s }

      expect(run_again).to eq([:begun, 2])
    end
  end
end
