# frozen_string_literal: true

# @edges belongs to outside code as much as to the graph.
RSpec.describe Minigun::DAG, "#edges" do
  subject(:dag) { described_class.new.add_edge(:a, :b).add_edge(:b, :c).add_node(:d) }

  let(:edges) { dag.instance_variable_get(:@edges) }

  # Every answer that depends on the edge a to d.
  def linked?
    answers = [dag.downstream(:a).include?(:d), dag.upstream(:d).include?(:a), !dag.source?(:d),
               dag.siblings(:d).include?(:b), dag.would_create_cycle?(:d, :a), dag.edge?(:a, :d)]
    expect(answers.uniq.size).to eq(1)
    answers.first
  end

  it "are a Hash of Arrays, for nodes without edges too" do
    expect(dag.edges).to equal(edges)
    expect(edges).to be_a(Hash)
    expect(edges[:d]).to be_an(Array).and be_empty
    expect(edges[:d]).to equal(edges[:d])
    expect(edges["a"]).to equal(edges[:a])
    expect(edges.default).to be_nil
  end

  it "are seen when appended to, at once and for good" do
    expect(linked?).to be(false)
    edges[:a] << :d
    expect(linked?).to be(true)
    expect { dag.validate! }.not_to raise_error
    expect { dag.add_edge(:d, :a) }.to raise_error(Minigun::Error, /Circular/)
  end

  changes = {
    push: ->(targets) { targets.push(:d) },
    concat: ->(targets) { targets.concat(%i[x d]) },
    unshift: ->(targets) { targets.unshift(:d) },
    insert: ->(targets) { targets.insert(0, :d) },
    replace: ->(targets) { targets.replace(%i[b d]) },
    "[]=": ->(targets) { targets[1] = "d" },
    map!: ->(targets) { targets.push(:q).map! { |name| name == :q ? :d : name } },
    fill: ->(targets) { targets.fill(:d, 1, 1) }
  }
  changes.each do |name, change|
    it "are seen when changed by #{name}" do
      expect(linked?).to be(false)
      dag.add_node(:x)
      change.call(edges[:a])
      expect(linked?).to be(true)
    end
  end

  it "are seen when taken out" do
    dag.add_edge(:a, :d)
    %i[d b].each { |name| edges[:a].delete(name) }

    expect(linked?).to be(false)
    expect(dag.terminal?(:a)).to be(true)
    expect(dag.sources).to eq(%i[a b d])
    expect(dag.add_edge(:c, :a).add_edge(:b, :d).topological_sort).to eq(%i[b c d a])
  end

  it "are seen when an Array is put in place of another, and that one then changed" do
    own = [:b]
    edges[:a] = own
    expect(linked?).to be(false)
    own << :d
    expect(linked?).to be(true)
    dag.add_edge(:a, :e)
    expect(own).to eq(%i[b d e])
  end

  it "are seen when the ivar itself is replaced" do
    plain = { a: [:b] }
    dag.instance_variable_set(:@edges, plain)
    expect(linked?).to be(false)
    plain[:a] << :d
    expect(linked?).to be(true)
    dag.add_edge(:d, :e)
    expect(plain).to eq(a: %i[b d], d: [:e])
  end

  it "are none where something else than an Array is in its place" do
    edges[:a] = :d

    expect(linked?).to be(false)
    expect { dag.add_edge(:a, :d) }.to raise_error(TypeError, /wrong argument type Symbol/)
  end

  it "come to life when their target becomes a node" do
    edges[:d] << :late
    expect(dag.downstream(:d)).to eq([:late])
    expect(dag.terminal?(:d)).to be(false)
    expect(dag.upstream(:late)).to eq([])

    dag.add_node(:late)
    expect(dag.upstream(:late)).to eq([:d])
    expect { dag.validate! }.not_to raise_error
  end

  it "are one edge however often they are named" do
    edges[:d] << :a << "a"

    expect(dag.downstream(:d)).to eq([:a])
    expect(dag.upstream(:a)).to eq([:d])
  end

  it "are one Array, whichever form of a name was asked for first" do
    edges["late"] << :a
    edges["z"]
    dag.add_edge(:late, :b).add_edge("z", "a").add_edge("own", :b)

    expect(edges).to include(late: %i[a b], z: [:a], "own" => [:b])
    expect([edges["late"], edges["z"], edges[:own]]).to match([equal(edges[:late]), equal(edges[:z]), equal(edges["own"])])
  end

  it "of one graph are nothing to another" do
    other = described_class.new.add_edge(:a, :d)
    edges[:d] << :e

    expect(other.downstream(:d)).to eq([])
    expect(other.add_edge(:d, :x).nodes).to eq(%i[a d x])
  end
end
