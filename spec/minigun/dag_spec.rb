# frozen_string_literal: true

RSpec.describe Minigun::DAG do
  subject(:dag) { described_class.new }

  let(:live_edges) { dag.instance_variable_get(:@edges) }

  def chain(*names)
    names.each_cons(2) { |from, to| dag.add_edge(from, to) }
  end

  def cycle_error
    raise_error(Minigun::Error, /Circular dependency/)
  end

  describe "#add_node" do
    it "keeps nodes once, in the order of adding" do
      dag.add_node(:b).add_node(:a).add_node(:b)

      expect(dag.nodes).to eq(%i[b a])
    end
  end

  describe "#add_edge" do
    it "adds the nodes that are missing" do
      dag.add_edge(:a, :b)

      expect(dag.nodes).to eq(%i[a b])
      expect(dag.edges[:a]).to eq([:b])
    end

    it "ignores an edge that is there" do
      2.times { dag.add_edge(:a, :b) }

      expect(dag.downstream(:a)).to eq([:b])
    end

    it "refuses to close a cycle, names it, and changes nothing" do
      chain(:a, :b, :c)

      expect { dag.add_edge(:c, :a) }.to raise_error(Minigun::Error, "Circular dependency: c → a → b → c")
      expect { dag.add_edge(:new, :new) }.to raise_error(Minigun::Error, "Circular dependency: new → new")
      expect(dag.nodes).to eq(%i[a b c])
      expect(dag.downstream(:c)).to eq([])
      expect(dag.upstream(:a)).to eq([])
    end

    it "shortens a cycle too long to read" do
      chain(*(:a..:z).to_a)

      expect { dag.add_edge(:z, :a) }.to raise_error(Minigun::Error, /: z → a → .* → k → … → z\z/)
    end

    it "takes an edge against the order of the nodes" do
      %i[a b c].each { |name| dag.add_node(name) }
      dag.add_edge(:c, :b).add_edge(:b, :a)

      expect(dag.topological_sort).to eq(%i[c b a])
      expect { dag.add_edge(:a, :c) }.to cycle_error
    end

    it "refuses a frozen graph" do
      dag.freeze

      expect { dag.add_edge(:a, :b) }.to raise_error(FrozenError)
      expect { dag.add_node(:a) }.to raise_error(FrozenError)
    end
  end

  describe "names" do
    it "takes Symbols and Strings with the same text as one, and keeps the first" do
      dag.add_edge("a", :b).add_edge(:a, "c").add_edge("a", "b")

      expect(dag.nodes).to eq(["a", :b, "c"])
      expect(dag.downstream(:a)).to eq([:b, "c"])
      expect(dag.upstream("b")).to eq(["a"])
      expect(dag.edges[:a]).to equal(dag.edges["a"])
      expect { dag.add_edge("b", :a) }.to cycle_error
    end

    it "takes a Stage for its name" do
      stage = Minigun::Stage.new(name: "load")
      dag.add_edge(stage, :keep)

      expect(dag.nodes).to eq(["load", :keep])
      expect(dag.downstream(stage)).to eq([:keep])
      expect(dag.edges[stage]).to eq([:keep])
      expect(dag.would_create_cycle?(:keep, stage)).to be(true)
    end

    it "takes what has no other name for itself" do
      dag.add_edge(1, :b).add_edge(:b, [3]).add_node(1)

      expect(dag.nodes).to eq([1, :b, [3]])
      expect(dag.downstream(1)).to eq([:b])
      expect(dag.upstream([3])).to eq([:b])
      expect(dag.index([3])).to eq(2)
      expect(dag.node?(3)).to be(false)

      live_edges.clear
      dag.instance_variable_get(:@nodes).replace([[3], 1])
      expect([1, [3], :b].map { |name| dag.index(name) }).to eq([1, 0, nil])
    end

    it "arranges what a Hash has for them by their places" do
      strays = []
      dag.add_edge(:a, "b").add_node(:c)
      arranged = lambda do |table|
        strays.clear
        dag.arrange(table) { |*stray| strays << stray }
      end

      expect(arranged.call({ a: 1, "b" => 2, c: 3 })).to eq([1, 2, 3])
      expect(arranged.call({ c: 3, a: 1, b: 2 })).to eq([1, 2, 3])
      expect(strays).to eq([])
      expect(arranged.call({ b: 2 })).to eq([nil, 2, nil])
      expect(arranged.call({ a: 1, x: 4, "b" => 2, y: 5 })).to eq([1, 2, nil])
      expect(strays).to eq([[:x, 4], [:y, 5]])
      expect(Minigun::DAG.new.arrange({}) { nil }).to eq([])
      expect { dag.arrange([]) { nil } }.to raise_error(TypeError)
    end

    it "refuses no name" do
      expect { dag.add_node(nil) }.to raise_error(ArgumentError, /nil has no name/)
    end
  end

  describe "neighbours" do
    before { dag.add_edge(:a, :c).add_edge(:a, :b).add_edge(:b, :c).add_node(:alone) }

    it "are in the order of adding" do
      expect(dag.downstream(:a)).to eq(%i[c b])
      expect(dag.upstream(:c)).to eq(%i[a b])
    end

    it "are none of an unknown node" do
      expect(dag.downstream(:nobody)).to eq([])
      expect(dag.upstream(:nobody)).to eq([])
      expect(dag.nodes).to eq(%i[a c b alone])
    end

    it "make a source or a terminal by their absence" do
      expect(dag.source?(:a)).to be(true)
      expect(dag.source?(:c)).to be(false)
      expect(dag.terminal?(:c)).to be(true)
      expect(dag.terminal?(:b)).to be(false)
      expect(dag.sources).to eq(%i[a alone])
      expect(dag.terminals).to eq(%i[c alone])
    end

    it "are copies" do
      dag.downstream(:a) << :alone
      dag.upstream(:c).clear

      expect(dag.downstream(:a)).to eq(%i[c b])
      expect(dag.upstream(:c)).to eq(%i[a b])
    end
  end

  describe "siblings" do
    before { dag.add_edge(:p, :a).add_edge(:p, :b).add_edge(:p, :c).add_edge(:a, :c).add_edge(:c, :z) }

    it "share a parent" do
      expect(dag.siblings(:a)).to eq(%i[b c])
      expect(dag.siblings("b")).to eq(%i[a c])
      expect(dag.siblings(:p)).to eq([])
      expect(dag.siblings(:nobody)).to eq([])
    end

    it "fan out if no edge leads from one to the other" do
      expect(dag.fan_out_siblings?(:a, :b)).to be(true)
      expect(dag.fan_out_siblings?(:a, :c)).to be(false)
      expect(dag.fan_out_siblings?(:c, :a)).to be(false)
      expect(dag.fan_out_siblings?(:a, :a)).to be(false)
      expect(dag.fan_out_siblings?(:a, :z)).to be(false)
    end

  end

  describe "#link_in_order" do
    before { dag.add_edge(:p, :a).add_edge(:p, :b).add_edge(:a, :z).add_node(:w) }

    def link(from, to) = dag.link_in_order(dag.index(from), dag.index(to))

    it "adds an edge" do
      link(:b, :w)
      link(:z, :w)
      expect(dag.edges).to include(b: [:w], z: [:w])
      expect(dag.upstream(:w)).to eq(%i[b z])
    end

    it "leaves a node alone that has successors, be they nodes or not" do
      dag.edges[:b] << :unknown
      link(:a, :w)
      link(:b, :w)
      expect([dag.downstream(:a), dag.downstream(:b)]).to eq([[:z], [:unknown]])
      expect(dag.source?(:w)).to be(true)
    end

    it "closes no cycle, and leads to no sibling nor to what a sibling feeds" do
      [%i[z p], %i[w w], %i[b a], %i[b z]].each { |from, to| link(from, to) }
      expect(dag.terminals).to eq(%i[b z w])
    end
  end

  describe "#would_create_cycle?" do
    it "is true for equal names and for what leads back" do
      chain(:a, :b, :c)

      expect(dag.would_create_cycle?(:c, :a)).to be(true)
      expect(dag.would_create_cycle?(:a, :c)).to be(false)
      expect(dag.would_create_cycle?(:a, "a")).to be(true)
      expect(dag.would_create_cycle?(:a, :nobody)).to be(false)
    end
  end

  describe "order" do
    it "has predecessors before successors" do
      dag.add_edge(:d, :e).add_edge(:a, :b).add_edge(:b, :d).add_edge(:a, :d)
      place = dag.topological_sort.each_with_index.to_h

      expect(place.keys).to match_array(dag.nodes)
      dag.nodes.each { |from| dag.downstream(from).each { |to| expect(place[from]).to be < place[to] } }
    end

    it "groups by level" do
      dag.add_edge(:a, :b).add_edge(:a, :d).add_edge(:b, :c).add_edge(:c, :d).add_node(:x)

      expect(dag.execution_groups).to eq([%i[a x], [:b], [:c], [:d]])
      expect(described_class.new.execution_groups).to eq([])
    end

    it "is empty for a cycle made from outside" do
      chain(:a, :b)
      live_edges[:b] << :a

      expect(dag.topological_sort).to eq([])
      expect(dag.execution_groups).to eq([])
      expect(dag.enum_for(:each_fed).to_a).to eq([[0, 1], [1, 0]])
    end
  end

  describe "building in order" do
    before { %i[a b c d].each { |name| dag.add_node(name) } }

    it "links each node to the next" do
      dag.build_sequential!

      expect(dag.edges).to eq(a: [:b], b: [:c], c: [:d])
    end

    it "fills only gaps" do
      dag.add_edge(:a, :c)
      dag.fill_sequential_gaps!

      expect(dag.edges).to eq(a: [:c], b: [:c], c: [:d])
    end
  end

  describe "#disconnect" do
    it "takes out all edges that leave a node" do
      dag.add_edge(:a, :b).add_edge(:a, :c).add_edge(:b, :c)
      dag.disconnect("a")

      expect(dag.edges[:a]).to eq([])
      expect(dag.upstream(:c)).to eq([:b])
      expect(dag.add_edge(:c, :a).source?(:a)).to be(false)
    end

    it "changes nothing for what is no node" do
      dag.add_edge(:a, :b).disconnect(:nobody)

      expect([dag.nodes, dag.edges.reject { |_, targets| targets.empty? }]).to eq([%i[a b], { a: [:b] }])
      expect { dag.validate! }.not_to raise_error
    end

    it "takes out also those that lead to what is no node, the first of them and the others" do
      dag.add_edge(:a, :b).add_node(:c)
      live_edges[:a].push(:nobody, :nothing)
      dag.link_in_order(0, 2)
      expect(dag.edges[:a]).to eq(%i[b nobody nothing])
      dag.disconnect(:a)
      expect { dag.validate! }.not_to raise_error
      dag.link_in_order(0, 2)
      expect(dag.edges[:a]).to eq([:c])
    end
  end

  describe "#link_in_order" do
    it "adds an edge to a node that has none, whatever other nodes lead to" do
      dag.add_edge(:a, :b).add_node(:c).add_node(:d)
      live_edges[:a] << :nobody
      dag.link_in_order(2, 3)

      expect(dag.edges).to include(a: %i[b nobody], c: [:d])
    end
  end

  describe "#validate!" do
    it "is silent for a valid graph" do
      chain(:a, :b, :c)

      expect { dag.validate! }.not_to raise_error
      expect { described_class.new.validate! }.not_to raise_error
    end

    it "names an unknown target" do
      dag.add_node(:a)
      live_edges[:a] << :ghost

      expect { dag.validate! }.to raise_error(Minigun::Error, /ghost/)
    end

    it "names an unknown start" do
      dag.add_node(:a)
      live_edges[:ghost] << :a

      expect { dag.validate! }.to raise_error(Minigun::Error, /ghost/)
    end

    it "sees names that were exchanged by hand, in the list of nodes or with it" do
      chain(:a, :b)
      dag.nodes[1] = :c
      expect { dag.validate! }.to raise_error(Minigun::Error, /Unknown stage b/)

      dag.instance_variable_set(:@nodes, %i[a b])
      expect { dag.validate! }.not_to raise_error
      dag.nodes[0] = :z
      expect { dag.validate! }.to raise_error(Minigun::Error, /Unknown stage a/)
    end

    it "sees a node that was added by Array's own method, which tells nobody" do
      chain(:a, :b)
      Array.instance_method(:push).bind_call(dag.nodes, :late)
      dag.add_edge(:a, :late)

      expect([dag.nodes, dag.downstream(:a)]).to eq([%i[a b late], %i[b late]])
    end

    it "finds a cycle" do
      chain(:a, :b, :c)
      live_edges[:c] << :b

      expect { dag.validate! }.to raise_error(Minigun::Error, /Circular dependency: (b → c → b|c → b → c)\z/)
    end
  end

  describe "#to_s" do
    it "draws each node with successors" do
      dag.add_edge(:a, :b).add_edge(:a, :c)

      expect(dag.to_s).to eq("DAG with 3 nodes\n  a → b, c")
      expect(dag.inspect).to eq("#<Minigun::DAG 3 nodes>")
    end
  end

  describe "#dup" do
    it "is independent" do
      chain(:a, :b)
      copy = dag.dup
      copy.add_edge(:b, :a2)
      dag.add_edge(:c, :a)
      copy.instance_variable_get(:@edges)[:a] << :a2

      expect(dag.nodes).to eq(%i[a b c])
      expect(dag.edges).to eq(a: [:b], c: [:a])
      expect(copy.nodes).to eq(%i[a b a2])
      expect(copy.downstream(:a)).to eq(%i[b a2])
    end
  end

  it "says so if it was never initialized" do
    expect { described_class.allocate.add_node(:a) }.to raise_error(TypeError)
    expect { described_class.allocate.validate! }.to raise_error(TypeError)
  end
end
