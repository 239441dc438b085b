# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::DAG do
  subject(:dag) { described_class.new }

  def edges(*pairs) = pairs.each { |from, to| dag.add_edge(from, to) }

  it "refuses an edge that closes a cycle at once, and stays as it was" do
    edges(%i[a b], %i[b c])

    [%i[c a], %i[a a]].each do |from, to|
      expect { dag.add_edge(from, to) }.to raise_error(Minigun::Error, /Circular dependency/)
    end
    expect(dag.edges.to_h { |name, targets| [name, targets.dup] }.reject { |_, targets| targets.empty? })
      .to eq({ a: [:b], b: [:c] })
    expect(dag.would_create_cycle?(:c, :a)).to be(true)
    expect(dag.would_create_cycle?(:a, :c)).to be(false)
  end

  it "answers about neighbours, sources and terminals" do
    edges(%i[a b], %i[a c], %i[b d], %i[c d], %i[a b])
    dag.add_node(:lone)

    expect(dag.nodes).to eq(%i[a b c d lone])
    expect([dag.downstream(:a), dag.upstream(:d), dag.downstream(:unknown)]).to eq([%i[b c], %i[b c], []])
    expect([dag.sources, dag.terminals]).to eq([%i[a lone], %i[d lone]])
    expect([dag.source?(:a), dag.terminal?(:a)]).to eq([true, false])
    expect([dag.siblings(:b), dag.fan_out_siblings?(:b, :c)]).to eq([[:c], true])
    expect(dag.execution_groups).to eq([%i[a lone], %i[b c], [:d]])
    expect(dag.to_s).to include("DAG with", "a →").and match(/DAG with/)
  end

  it "fills gaps between nodes in order" do
    %i[a b c].each { |name| dag.add_node(name) }
    dag.add_edge(:a, :c)
    dag.fill_sequential_gaps!

    expect(dag.downstream(:a)).to eq([:c])
    expect(dag.downstream(:b)).to eq([:c])
    expect(dag.downstream(:c)).to eq([])
    expect(dag.topological_sort.last).to eq(:c)
  end

  it "copies independently" do
    edges(%i[a b])
    copy = dag.dup
    copy.add_edge(:b, :c)
    copy.edges[:a] << :c

    expect(dag.nodes).to eq(%i[a b])
    expect(dag.downstream(:a)).to eq([:b])
  end
end
