# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::Task do
  subject(:task) { described_class.new }

  let(:seen) { [] }

  def define(kept = seen)
    task.add_stage(:producer, :gen) { 2.times { |n| emit n } }
    task.add_stage(:consumer, :keep) { |n| kept << n }
  end

  it "starts empty, with the defaults" do
    expect(task.config).to include(max_threads: 5, max_processes: 2, max_retries: 3, use_ipc: false,
                                   accumulator_max_single: 2_000, accumulator_max_all: 4_000,
                                   accumulator_check_interval: 100)
    expect(task.stages).to eq({})
    expect(task.hooks).to include(before_run: [], after_run: [], before_fork: [], after_fork: [])
    expect(task.dag.nodes).to eq([])
  end

  it "has a root pipeline called :default" do
    expect(task.root_pipeline).to be_a(Minigun::Pipeline)
    expect(task.root_pipeline.name).to eq(:default)
    expect(task.root_pipeline.stage_order).to eq([])
    expect(task.root_pipeline.find_stage(:none)).to be_nil
    expect(task.root_pipeline.stats).to be_nil
  end

  it "shows stages, hooks and graph of the root" do
    define

    expect(task.stages).to be(task.root_pipeline.stages)
    expect(task.hooks).to be(task.root_pipeline.hooks)
    expect(task.dag).to be(task.root_pipeline.dag)
  end

  it "#set_config reaches root and nested pipelines" do
    task.add_nested_pipeline(:inner, {}) { producer(:gen) { emit 1 } }
    task.set_config(:max_threads, 8)

    expect(task.config[:max_threads]).to eq(8)
    expect(task.root_pipeline.config[:max_threads]).to eq(8)
    expect(task.pipelines[:inner].config[:max_threads]).to eq(8)
  end

  it "#add_stage keeps a block given with &" do
    block = proc { |n| n }
    task.add_stage(:processor, :work, { to: :keep, a: 1 }, &block)

    expect(task.stages[:work].block).to eq(block)
    expect(task.stages[:work].options).to eq({ a: 1 })
  end

  it "#add_hook delegates to the root" do
    hook = proc {}
    task.add_hook(:after_run, &hook)

    expect(task.root_pipeline.hooks[:after_run]).to eq([hook])
  end

  it "#run and #perform give the count, for any object" do
    define

    expect([task.run(Object.new), task.perform(Object.new)]).to eq([2, 2])
    expect(seen).to eq([0, 1, 0, 1])
  end

  it "#pipelines and #pipeline_dag show what is nested" do
    task.define_pipeline(:inner, { to: :keep }) do |inner|
      inner.add_stage(:producer, :gen) { emit 1 }
    end
    task.add_stage(:consumer, :keep) { |n| n }

    expect(task.pipelines.keys).to eq([:inner])
    expect(task.pipelines[:inner]).to be(task.stages[:inner].pipeline)
    expect(task.pipeline_dag.downstream(:inner)).to eq([:keep])
    expect(task.run(Object.new)).to eq(1)
  end
end
