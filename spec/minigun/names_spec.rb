# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Names do
  it "makes one name of a Symbol, a String and a Stage" do
    stage = Minigun::Stage.new(name: "load")

    expect(described_class.keys([:load, "load", stage])).to eq(%i[load load load])
    expect { described_class.key(4) }.to raise_error(ArgumentError, /4/)
  end

  it "has a table that finds its values by each of them" do
    table = described_class::Table.new
    table["load"] = 1

    expect([table[:load], table["load"], table[Minigun::Stage.new(name: :load)], table.fetch("load")]).to eq([1] * 4)
    expect(table).to eq({ load: 1 })
    expect([table.key?("load"), table[7], table.key?(nil)]).to eq([true, nil, false])
  end

  it "finds stages in the pipeline, below it, then everywhere" do
    root = Minigun::Task.new.root_pipeline
    one, two = %i[one two].map { |name| root.nest(name) }
    deep = one.nest(:deep)
    [deep, two].each { |pipeline| pipeline.add_stage(:consumer, :keep) { |n| n } }

    expect(one.find_stage("keep")).to be(deep.stages[:keep])
    expect(deep.find_stage(:two)).to be(root.stages[:two])
    expect(two.find_stage(:nothing)).to be_nil
    expect { root.find_stage(:keep) }.to raise_error(Minigun::AmbiguousRoutingError, /keep.*found 2 matches in nested/)
    own = root.add_stage(:consumer, :keep) { |n| n }
    expect(root.find_stage(:keep)).to be(own)
  end

  it "says where an ambiguous name was looked for" do
    root = Minigun::Task.new.root_pipeline
    one, two, three = %i[one two three].map { |name| root.nest(name) }
    [one, two].each { |pipeline| pipeline.add_stage(:consumer, :keep) { |n| n } }

    expect { three.find_stage(:keep) }.to raise_error(Minigun::AmbiguousRoutingError, /found 2 matches globally/)
  end
end
