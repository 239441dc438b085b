# frozen_string_literal: true

require "spec_helper"
require "stringio"
require_relative "random_graphs"

# GRAPH_COUNT and GRAPH_SEED of the environment choose others: GRAPH_COUNT=50000 rspec spec/stress/random_graphs_spec.rb
RSpec.describe "Random graphs", :stress, limit: 900 do
  { thread: 2000, fork: 500, mixed: 200 }.each do |family, usual|
    it "give what a sequential model gives, in the family #{family}" do
      seed = Integer(ENV.fetch("GRAPH_SEED") { Random.new_seed % 1_000_000_000 })
      count = Integer(ENV.fetch("GRAPH_COUNT", usual))
      faults = RandomGraphs.run(seed: seed, count: count, family: family)

      expect(faults).to be_empty, faults.join("\n")
    end
  end

  it "are run with each stage for itself, too, where that makes a difference" do
    segments = [true, false].map do |fuse|
      Minigun.configuration.fuse = fuse
      chain = Class.new do
        include Minigun::DSL
        producer(:gen) { 3.times { |n| emit n } }
        processor(:inc) { |n| emit n + 1 }
        consumer(:keep) { |n| n }
      end.new
      chain.run
      chain._minigun_task.root_pipeline.latest_run.segments.size
    end

    expect(segments).to eq([1, 3])
  ensure
    Minigun.configuration.fuse = true
  end

  it "have a model that finds a fault, and shrink it to a small graph" do
    fails = ->(graph) { graph.leaves.size > 2 && graph.leaves.any? { |leaf| leaf.kind == :batch } }
    graph = (1..).lazy.map { |seed| RandomGraphs::Generator.graph(seed) }.find { |any| any.leaves.size > 5 && fails.call(any) }
    small = RandomGraphs::Shrink.new(&fails).call(graph)

    expect(graph.leaves.size).to be > small.leaves.size
    expect(small.leaves.map(&:kind)).to match_array(%i[producer batch each])
  end
end
