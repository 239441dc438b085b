# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Internals that outside code reads or changes" do
  let(:klass) do
    job_class do
      producer(:gen) { emit 1 }
      consumer(:keep) { |n| @out << n }
    end
  end
  let(:line) { root(klass) }

  it "Pipeline: @stage_order is the live Array of the order" do
    order = line.instance_variable_get(:@stage_order)
    expect(order).to eq(%i[gen keep]).and be(line.stage_order)

    order << :more
    line.stages[:more] = Minigun::AtomicStage.new(name: :more, block: proc { |n| n })
    expect(line.stage_order).to eq(%i[gen keep more])
  end

  it "Pipeline: stages is the live Hash" do
    line.stages.delete(:keep)
    line.stage_order.delete(:keep)

    expect(line.find_stage(:keep)).to be_nil
    expect(line.stages).to be(line.stages)
  end

  it "Pipeline: find_all_producers and build_dag_routing! answer send" do
    expect(line.send(:find_all_producers)).to eq([line.find_stage(:gen)])
    line.send(:build_dag_routing!)

    expect(line.dag.edges[:gen]).to eq([:keep])
  end

  it "DAG: @edges has a mutable Array for every node, also for one untouched" do
    dag = Minigun::DAG.new
    dag.add_node(:a)
    dag.add_node(:b)
    dag.instance_variable_get(:@edges)[:a] << :b
    dag.instance_variable_get(:@edges)[:c] << :b

    expect(dag.downstream(:a)).to eq([:b])
    expect(dag.upstream(:b)).to include(:a)
  end

  it "DAG: an unknown target appended to @edges fails validation by its name" do
    dag = Minigun::DAG.new
    dag.add_node(:a)
    dag.instance_variable_get(:@edges)[:a] << :lost

    expect { dag.validate! }.to raise_error(Minigun::Error, /lost/)
  end

  it "DAG: an edge of a pipeline appended to @edges is followed by a run" do
    kept = []
    by_hand = pipeline do |p|
      p.add_stage(:producer, :gen) { emit 1 }
      p.add_stage(:consumer, :a) { |n| kept << [:a, n] }
      p.add_stage(:consumer, :b) { |n| kept << [:b, n] }
      %i[a b].each { |name| p.dag.instance_variable_get(:@edges)[:gen] << name }
    end
    by_hand.run(Object.new)

    expect(kept).to contain_exactly([:a, 1], [:b, 1])
  end

  it "PipelineStage: @stages_to_add has a size" do
    stage = Minigun::PipelineStage.new(name: :x)
    2.times { |i| stage.add_stage(:processor, :"s#{i}") { |n| n } }

    expect(stage.instance_variable_get(:@stages_to_add).size).to eq(2)
  end

  it "Stats: samples and counts are instance variables, also after a run" do
    klass.new.run
    keep = line.stats.stage_stats[:keep]

    expect(keep.instance_variable_get(:@items_consumed)).to eq(1)
    expect(keep.instance_variable_get(:@latency_count)).to eq(1)
    expect(keep.instance_variable_get(:@latency_samples)).to match([a_kind_of(Float)])

    keep.instance_variable_set(:@latency_samples, [0.5])
    expect(keep.p50).to eq(0.5)
    expect(Minigun::Stats::RESERVOIR_SIZE).to eq(1_000)
  end

  it "DSL class: _minigun_task is the task" do
    expect(klass._minigun_task).to be_a(Minigun::Task)
    expect(klass._minigun_task).to be(klass._minigun_task)
  end

  it "user object: instance variables are set before a run and read after it" do
    context = Object.new
    context.instance_variable_set(:@factor, 3)
    by_hand = pipeline do |p|
      p.add_stage(:producer, :gen) { emit 2 }
      p.add_stage(:consumer, :keep) { |n| @result = n * @factor }
    end
    by_hand.run(context)

    expect(context.instance_variable_get(:@result)).to eq(6)
  end
end
