# frozen_string_literal: true

RSpec.describe Minigun::DAG, "of many nodes" do
  many = 100_000

  # Ten times what it takes; a quadratic graph takes hours.
  def on_a_small_stack(seconds: 10)
    Timeout.timeout(seconds) { Fiber.new { yield }.resume }
  end

  def use(dag)
    dag.validate!
    expect(dag.topological_sort.size).to eq(dag.nodes.size)
    dag.nodes.each { |name| dag.source?(name) && dag.terminal?(name) }
    dag
  end

  it "is a chain in linear time, in either direction" do
    on_a_small_stack do
      forwards = use(described_class.new.tap { |dag| (1...many).each { |i| dag.add_edge(i - 1, i) } })
      expect(forwards.execution_groups.size).to eq(many)
      expect { forwards.add_edge(many - 1, 0) }.to raise_error(Minigun::Error, /Circular dependency/)

      use(described_class.new.tap { |dag| (1...many).each { |i| dag.add_edge(i, i - 1) } })
    end
  end

  it "is a fan in linear time, siblings included" do
    on_a_small_stack do
      dag = described_class.new
      (1...many).each { |i| dag.add_edge(0, i).add_edge(i, many) }
      use(dag)
      expect(dag.siblings(1).size).to eq(many - 2)
      (2...many).each { |i| dag.fan_out_siblings?(i - 1, i) && dag.would_create_cycle?(i - 1, i) }
      (1..many).each { |i| dag.link_in_order(i, 1) }
      expect(dag.terminals.size).to eq(1)
    end
  end

  it "is a grid in linear time" do
    side = 316
    on_a_small_stack do
      dag = described_class.new
      (side * side).times do |i|
        dag.add_edge(i, i + 1) if (i + 1) % side != 0
        dag.add_edge(i, i + side) if i + side < side * side
      end
      expect(use(dag).execution_groups.size).to eq((2 * side) - 1)
    end
  end

  describe "with the collector at work" do
    def names_of(dag)
      [dag.nodes, dag.downstream("start"), dag.upstream("end"), dag.topological_sort, dag.to_s]
    end

    def build
      described_class.new.tap do |dag|
        dag.add_edge(+"start", +"left").add_edge(+"start", +"right")
        dag.add_edge(+"left", +"end").add_edge(+"right", +"end")
        dag.edges["end"] << +"nowhere"
      end
    end

    it "keeps all names through GC.stress", limit: 300 do
      expected = names_of(build)
      GC.stress = true
      dag = build
      names = names_of(dag)
      copy = names_of(dag.dup)
      GC.stress = false

      expect([names, copy]).to eq([expected, expected])
    ensure
      GC.stress = false
    end

    it "keeps all names through compaction", if: GC.respond_to?(:compact) do
      dag = build
      expected = names_of(dag)
      GC.verify_compaction_references(toward: :empty)

      expect(names_of(dag)).to eq(expected)
      dag.edges["end"].clear
      expect(dag.add_edge("end", "more").downstream("end")).to eq(["more"])
    end

    it "is freed" do
      10_000.times { described_class.new.add_edge(:a, :b) }
      GC.start
    end
  end
end
