# frozen_string_literal: true

RSpec.describe Minigun::Execution::ExecutionPlan do
  let(:dag) { Minigun::DAG.new }
  let(:stages) { {} }
  let(:config) { {} }

  subject(:plan) { described_class.new(dag, stages, config) }

  def stage(name, kind: Minigun::AtomicStage, **options)
    dag.add_node(name)
    block = proc { |item| emit item } unless kind == Minigun::PipelineStage
    stages[name] = kind.new(name: name, options: options, block: block)
  end

  def chain(*names)
    names.each_cons(2) { |from, to| dag.add_edge(from, to) }
    plan.plan!
  end

  it "keeps what it was made of, and plans only when told to" do
    expect(plan.dag).to equal(dag)
    expect(plan.stages).to equal(stages)
    expect(plan.config).to equal(config)
    stage(:a, strategy: :spawn_fork)

    expect(plan.context_for(:a)).to eq(:thread)
    expect(plan.affinity_groups).to eq({})
    expect(plan.plan!).to equal(plan)
    expect(plan.context_for(:a)).to eq(:fork)
  end

  it "co-locates each stage of a plain chain with the one before" do
    %i[gen inc keep].each { |name| stage(name) }
    chain(:gen, :inc, :keep)

    expect(plan.affinity_for(:gen)).to be_nil
    expect(plan.affinity_for(:inc)).to eq(:gen)
    expect(plan.affinity_for(:keep)).to eq(:inc)
    expect(plan.colocated?(:keep, :inc)).to be(true)
    expect(plan.colocated?(:keep, :gen)).to be(false)
    expect(plan.colocated?(:gen, nil)).to be(false)
    expect(plan.affinity_groups).to eq(nil => [:gen], gen: [:inc], inc: [:keep])
    expect(plan.colocated_stages).to eq(gen: [:inc], inc: [:keep])
    expect(plan.independent_stages).to eq([:gen])
  end

  it "co-locates all branches of a fan" do
    %i[gen left right].each { |name| stage(name) }
    dag.add_edge(:gen, :left).add_edge(:gen, :right)
    plan.plan!

    expect(plan.colocated_stages).to eq(gen: %i[left right])
  end

  it "makes a merge independent" do
    %i[one two both last].each { |name| stage(name) }
    dag.add_edge(:one, :both).add_edge(:two, :both)
    chain(:both, :last)

    expect(plan.independent_stages).to match_array(%i[one two both])
    expect(plan.affinity_for(:last)).to eq(:both)
  end

  it "makes a stage independent behind an accumulator or a nested pipeline" do
    stage(:pack, kind: Minigun::AccumulatorStage)
    stage(:inner, kind: Minigun::PipelineStage)
    %i[gen a b].each { |name| stage(name) }
    dag.add_edge(:gen, :pack).add_edge(:pack, :a).add_edge(:gen, :inner).add_edge(:inner, :b)
    plan.plan!

    expect(plan.affinity_for(:pack)).to eq(:gen)
    expect(plan.affinity_for(:inner)).to eq(:gen)
    expect(plan.independent_stages).to match_array(%i[gen a b])
  end

  it "makes a stage with a strategy of its own independent, and co-locates with it" do
    stage(:gen)
    stage(:work, strategy: :fork_ipc)
    stage(:keep)
    chain(:gen, :work, :keep)

    expect(plan.affinity_for(:work)).to be_nil
    expect(plan.context_for(:work)).to eq(:fork)
    expect(plan.affinity_for(:keep)).to eq(:work)
    expect(plan.context_for(:keep)).to eq(:fork)
    expect(plan.context_types).to match_array(%i[thread fork])
  end

  it "takes a stage fed from outside alone for independent" do
    stage(:a)
    stage(:b)
    dag.add_edge(:_input, :a)
    chain(:a, :b)

    expect(plan.affinity_for(:a)).to be_nil
    expect(plan.affinity_for(:b)).to eq(:a)
    expect(plan.context_for(:_input)).to eq(:thread)
    expect(plan.affinity_groups).to eq(nil => [:a], a: [:b])
  end

  it "plans a stage that is in no graph" do
    stages[:loose] = Minigun::AtomicStage.new(name: :loose, options: { strategy: :ractor })
    plan.plan!

    expect(plan.context_for(:loose)).to eq(:ractor)
    expect(plan.independent_stages).to eq([:loose])
  end

  it "passes over nodes without a stage" do
    stage(:a)
    chain(:ghost, :a)

    expect(plan.affinity_for(:a)).to be_nil
    expect(plan.affinity_for(:ghost)).to be_nil
    expect(plan.context_types).to eq([:thread])
  end

  {
    threaded: :thread, spawn_thread: :thread, fork_ipc: :fork, spawn_fork: :fork,
    ractor: :ractor, spawn_ractor: :ractor, anything: :thread
  }.each do |strategy, type|
    it "places strategy #{strategy} in a #{type}" do
      stage(:only, strategy: strategy)
      plan.plan!

      expect(plan.context_for(:only)).to eq(type)
    end
  end

  it "places an unknown strategy in the default context" do
    config[:default_context] = :inline
    stage(:only, strategy: :anything)
    stage(:plain)
    plan.plan!

    expect(plan.context_for(:only)).to eq(:inline)
    expect(plan.context_for(:plain)).to eq(:thread)
    expect(plan.context_for(:nobody)).to eq(:thread)
  end

  it "obeys the options that place a stage" do
    stage(:gen)
    stage(:pool, threads: 3)
    stage(:children, processes: 2)
    stage(:typed, execution: :ipc_forks)
    stage(:blocked).place_in(Minigun::Placement::Context.new(:cow_fork, 2))
    chain(:gen, :pool, :children, :typed, :blocked)

    expect(plan.colocated_stages).to eq({})
    expect(%i[pool children typed blocked].map { |name| plan.context_for(name) }).to eq(%i[thread fork fork fork])
  end

  it "takes names as Symbols, Strings and stages" do
    first = stage("gen")
    second = stage(:inc)
    chain("gen", :inc)

    expect(plan.affinity_for("inc")).to eq("gen")
    expect(plan.colocated?(second, first)).to be(true)
    expect(plan.colocated?("inc", :gen)).to be(true)
  end

  it "plans anew each time" do
    %i[gen inc keep].each { |name| stage(name) }
    chain(:gen, :inc)
    expect(plan.affinity_for(:keep)).to be_nil

    chain(:inc, :keep)
    expect(plan.affinity_for(:keep)).to eq(:inc)
    expect(plan.independent_stages).to eq([:gen])
  end

  it "plans many stages in linear time, on a small stack" do
    many = 100_000
    Timeout.timeout(15) do
      Fiber.new do
        many.times { |i| stage(:"stage#{i}") }
        plan.plan!
        expect(plan.independent_stages.size).to eq(many)
        (1...many).each { |i| dag.add_edge(:"stage#{i - 1}", :"stage#{i}") }
        plan.plan!
      end.resume
    end
    expect(plan.colocated_stages.size).to eq(many - 1)
  end
end
