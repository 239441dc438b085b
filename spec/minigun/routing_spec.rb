# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Routing do
  # p, q: producers; n, m: composites; w: awaited; others: stages. Options by name.
  def edges(*order, **options)
    pipeline = Minigun::Pipeline.new(:line)
    order.each { |name| define(pipeline, name, options.fetch(name, {})) }
    yield pipeline if block_given?
    pipeline.send(:build_dag_routing!)
    pipeline.dag.edges.flat_map { |from, targets| targets.map { |to| :"#{from}#{to}" } }.sort
  end

  def define(pipeline, name, options)
    case name
    when /\A[pq]/ then pipeline.add_stage(:producer, name, options) { emit 1 }
    when /\A[nm]/ then pipeline.nest(name, options)
    when /\Aw/ then pipeline.add_stage(:processor, name, options.merge(await: true)) { |n| emit n }
    else pipeline.add_stage(:processor, name, options) { |n| emit n }
    end
  end

  {
    %i[p a] => %i[pa],
    %i[p a q b] => %i[pa ab qb],
    %i[p a q] => %i[pa],
    %i[p a q b p2 c] => %i[pa ab bc qb p2c],
    %i[p a n b] => %i[pa an nb],
    %i[p a b c] => %i[pa ab bc],
    %i[p q a] => %i[pa qa],
    %i[p n a] => %i[pn na],
    %i[n m] => [],
    %i[p a w q z] => %i[pa az qz],
    %i[p w a] => %i[pw],
    %i[w a] => []
  }.each do |order, expected|
    it "makes #{expected.join(", ").inspect} of #{order.join(", ")}" do
      expect(edges(*order)).to eq(expected.sort)
    end
  end

  it "leaves the first of two siblings terminal" do
    expect(edges(:p, :a, :b, :z, p: { to: %i[a b] })).to eq(%i[bz pa pb])
    expect(edges(:p, :a, :b, :z, a: { from: :p }, b: { from: :p })).to eq(%i[bz pa pb])
    expect(edges(:n, :a, :b, :z, n: { to: %i[a b] })).to eq(%i[bz na nb])
  end

  it "doesn't link to what a sibling feeds already" do
    expect(edges(:p, :a, :b, :z, p: { to: %i[a b] }, a: { to: :z })).to eq(%i[az pa pb])
  end

  it "tries one candidate only" do
    expect(edges(:p, :a, :b, :t, :z, p: { to: %i[a b] }, a: { to: :z }, t: { to: :z })).to eq(%i[az bt pa pb tz])
  end

  it "adds no edge that closes a cycle" do
    expect(edges(:p, :a, :keep, :c) { |line| line.reroute_stage(:a, to: :c) && line.reroute_stage(:c, to: :keep) })
      .to eq(%i[ac ckeep pa])
  end

  it "is idempotent, and a reroute replaces automatic edges too" do
    pipeline = Minigun::Pipeline.new(:line)
    %i[p a b c].each { |name| define(pipeline, name, {}) }
    3.times { pipeline.send(:build_dag_routing!) }
    pipeline.reroute_stage(:a, to: "c")
    pipeline.send(:build_dag_routing!)

    expect(pipeline.dag.edges.to_h { |name, targets| [name, targets.to_a] }).to include(p: [:a], a: [:c], b: [:c])
  end

  it "reroutes a stage that is defined later" do
    expect(edges(:q, :p, :x, :y, p: { to: :x }, q: { to: :y }) { nil }).to eq(%i[px qy xy])
    pipeline = Minigun::Pipeline.new(:line)
    pipeline.reroute_stage(:p, to: :y)
    %i[p x y].each { |name| define(pipeline, name, name == :p ? { to: :x } : {}) }

    expect(pipeline.dag.downstream(:p)).to eq([:y])
  end

  it "has an input node only where queues feed the pipeline" do
    expect(edges(:p, :a) { |line| line.input_queue = Queue.new }).to eq(%i[_inputa pa])
    expect(edges(:p, :a).grep(/_input/)).to eq([])
  end

  it "takes part in what is changed by hand" do
    pipeline = Minigun::Pipeline.new(:line)
    %i[p a b].each { |name| define(pipeline, name, {}) }
    pipeline.stages[:late] = Minigun::AtomicStage.new(name: :late, block: proc { |n| n })
    pipeline.instance_variable_set(:@stage_order, %i[p b a])
    pipeline.send(:build_dag_routing!)

    expect(pipeline.dag.edges.to_h { |name, targets| [name, targets.to_a] }).to include(p: [:b], b: [:a], a: [:late])
  end

  it "finds producers and composites without upstream" do
    pipeline = Minigun::Pipeline.new(:line)
    %i[p a n m].each { |name| define(pipeline, name, {}) }
    pipeline.dag.add_edge(:a, :n)

    expect(pipeline.send(:find_all_producers)).to eq(pipeline.stages.values_at(:p, :m))
  end

  describe "refuses" do
    it "unknown ends, and guesses" do
      expect { edges(:p, :parse, p: { to: :prase }) }
        .to raise_error(Minigun::Error, /pipeline :line.*no stage :prase.*did you mean :parse/m)
      expect { edges(:p, :a, a: { from: :nobody }) }.to raise_error(Minigun::Error, /:nobody/)
      expect { edges(:p, :a) { |line| line.reroute_stage(:noone, to: :a) } }.to raise_error(Minigun::Error, /:noone/)
    end

    it "cycles" do
      { a: { to: :a } }.then { |options| expect { edges(:p, :a, **options) }.to raise_error(/Circular dependency/) }
      expect { edges(:p, :a, :b, a: { to: :b }, b: { to: :a }) }.to raise_error(Minigun::Error, /Circular dependency/)
      expect { edges(:n, :m, n: { to: :m, from: :m }) }.to raise_error(Minigun::Error, /Circular dependency/)
    end

    it "a spawn stage without an accumulator" do
      spawned = { strategy: :spawn_thread }

      expect { edges(:p, :a, a: spawned) }.to raise_error(Minigun::Error, /stage :a.*accumulator/)
      expect { edges(:p, :a) { |line| line.add_stage(:accumulator, :b) && line.add_stage(:consumer, :c, spawned) { |x| x } } }
        .not_to raise_error
    end
  end
end
