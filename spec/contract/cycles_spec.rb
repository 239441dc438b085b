# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Cycles" do
  # Stages by their options, e.g. a: { to: :b }; nested pipelines likewise.
  def stages(definitions)
    job do
      producer(:gen) { emit 1 }
      definitions.each { |name, options| processor(name, options) { |n| emit n } }
    end
  end

  def pipelines(definitions)
    job do
      definitions.each { |name, options| pipeline(name, options) { processor(:same) { |n| emit n } } }
    end
  end

  {
    "of one" => { a: { to: :a } },
    "of two" => { a: { to: :b }, b: { to: :a } },
    "of three" => { a: { to: :b }, b: { to: :c }, c: { to: :a } },
    "of to: and from: the same" => { a: { to: :b, from: :b }, b: {} },
    "behind a diamond" => { a: { to: %i[b c] }, b: { to: :d }, c: { to: :d }, d: { to: :a } }
  }.each do |kind, definitions|
    it "#{kind} are refused among stages" do
      expect { stages(definitions).run }.to raise_error(Minigun::Error, /Circular dependency/)
    end

    it "#{kind} are refused among pipelines" do
      expect { pipelines(definitions).run }.to raise_error(Minigun::Error, /Circular dependency/)
    end
  end

  it "are refused inside a nested pipeline" do
    nested = job do
      producer(:gen) { emit 1 }
      pipeline :inner do
        processor(:a, to: :b) { |n| emit n }
        processor(:b, to: :a) { |n| emit n }
      end
    end

    expect { nested.run }.to raise_error(Minigun::Error, /Circular dependency/)
  end

  it "are refused when made by reroutes" do
    rerouted = job do
      producer(:gen) { emit 1 }
      processor(:a) { |n| emit n }
      processor(:b) { |n| emit n }
      reroute_stage :b, to: :a
      reroute_stage :a, to: :b
    end

    expect { rerouted.run }.to raise_error(Minigun::Error, /Circular dependency/)
  end

  it "are refused before any stage runs" do
    started = false
    line = pipeline do |p|
      p.add_stage(:producer, :gen) { started = true }
      p.add_stage(:processor, :a) { |n| emit n }
      p.add_stage(:processor, :b) { |n| emit n }
      edges = p.dag.instance_variable_get(:@edges)
      edges[:b] << :a
      edges[:a] << :b
    end

    expect { line.run(Object.new) }.to raise_error(Minigun::Error, /Circular dependency/)
    expect(started).to be(false)
  end

  it "are none in paths of different length to one stage" do
    web = job do
      producer(:gen, to: %i[a b c d]) { emit 0 }
      processor(:a, to: %i[b c d]) { |n| emit n + 1 }
      processor(:b, to: %i[c d]) { |n| emit n + 1 }
      processor(:c, to: :d) { |n| emit n + 1 }
      consumer(:d) { |n| @out << n }
    end
    web.run

    expect(web.out.tally).to eq({ 0 => 1, 1 => 3, 2 => 3, 3 => 1 })
  end

  it "a large acyclic graph with many diamonds is judged quickly" do
    line = pipeline do |p|
      p.add_stage(:producer, :gen, to: %i[a0 b0]) { emit 1 }
      40.times do |i|
        following = i == 39 ? [:keep] : [:"a#{i + 1}", :"b#{i + 1}"]
        %w[a b].each { |side| p.add_stage(:processor, :"#{side}#{i}", to: following) { |n| n } }
      end
      p.add_stage(:consumer, :keep) { |n| n }
    end

    expect(seconds { expect(line.run(Object.new)).to eq(1) }).to be < 5
  end

  it "closed by an edge that nobody wrote name the pipeline, too" do
    klass = job_class do
      producer(:gen) { emit 1 }
      consumer(:keep, to: :gen) { |_| nil }
    end

    expect { klass.new.run }.to raise_error(Minigun::Error, /pipeline :default: Circular dependency: gen → keep → gen/)
  end
end
