# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Routing" do
  # Defines stages by a line such as "P1 S1 from:P1 N": P producers, S stages, A accumulators,
  # N nested pipelines put in by hand.
  def defined(text)
    pipeline do |line|
      text.split(/ (?=[PSAN])/).each do |part|
        name, *options = part.split
        add(line, name, options.to_h { |each| each.split(":").then { |key, value| [key.to_sym, names(value)] } })
      end
    end
  end

  def names(value) = value == "true" || value.split(",").map(&:to_sym)

  def add(line, name, options)
    case name[0]
    when "P" then line.add_stage(:producer, name.to_sym, options) { emit 1 }
    when "A" then line.add_stage(:accumulator, name.to_sym, options)
    when "S" then line.add_stage(:processor, name.to_sym, options) { |n| emit n }
    else nest(line, name.to_sym)
    end
  end

  def nest(line, name)
    line.stages[name] = Minigun::PipelineStage.new(name: name)
    line.stages[name].pipeline = pipeline(name) { |inner| inner.add_stage(:processor, :same) { |n| emit n } }
    line.stage_order << name
    line.dag.add_node(name)
  end

  # All edges as text, after routing.
  def routed(text)
    line = text.is_a?(String) ? defined(text) : text
    line.send(:build_dag_routing!)
    line.dag.nodes.flat_map { |from| line.dag.downstream(from).map { |to| "#{from}>#{to}" } }.sort.join(" ")
  end

  describe "step 1, producers" do
    {
      "P1 S1" => "P1>S1",
      "P1 P2 S1" => "P1>S1 P2>S1",
      "P1 S1 P2 S2" => "P1>S1 P2>S2",
      "P1 S1 from:P1 P2 S2" => "P1>S1 P2>S2",
      "P1 S1 P2" => "P1>S1",
      "P1 S1 P2 S2 P3 S3" => "P1>S1 P2>S2 P3>S3",
      "S1 P1" => "",
      "P1 N1" => "P1>N1",
      "P1 A1 S1" => "A1>S1 P1>A1",
      "P1 to:S2 S1 S2" => "P1>S2 S1>S2"
    }.each do |text, edges|
      it("#{text}: #{edges.empty? ? "none" : edges}") do
        expect(routed(text).split - %w[S1>S2 S2>S3]).to match_array(edges.split - %w[S1>S2 S2>S3])
      end
    end

    it "leads no automatic edge into a producer" do
      targets = routed("P1 S1 P2 S2 A1 P3 S3 P4").split.map { |edge| edge.split(">").last }

      expect(targets.grep(/P/)).to eq([])
    end
  end

  describe "step 2, the other stages" do
    {
      "P1 S1 S2 S3" => "P1>S1 S1>S2 S2>S3",
      "P1 S1 N1 S2" => "N1>S2 P1>S1 S1>N1",
      "P1 N1 S1" => "N1>S1 P1>N1",
      "N1 N2" => "",
      "P1 to:S1,S2 S1 S2 S3" => "P1>S1 P1>S2 S2>S3",
      "P1 S1 from:P1 S2 from:P1 S3" => "P1>S1 P1>S2 S2>S3",
      "P1 S1 to:S4 S2 S3 to:S4 S4" => "P1>S1 S1>S4 S2>S3 S3>S4",
      "P1 to:S1,S2,S3 S1 S2 to:S4 S3 S4" => "P1>S1 P1>S2 P1>S3 S2>S4",
      "P1 to:S2 S1 to:S2 S2" => "P1>S2 S1>S2",
      "P1 S1 from:S2 S2" => "P1>S1 S2>S1",
      "P1 S1 S2 await:true S3" => "P1>S1 S1>S3",
      "P1 S1 to:S3 S2 from:S3 S3" => "P1>S1 S1>S3 S3>S2"
    }.each do |text, edges|
      it("#{text}: #{edges.empty? ? "none" : edges}") { expect(routed(text)).to eq(edges) }
    end

    it "closes no cycle with a stage appended and rerouted" do
      line = defined("P1 S1 S2")
      routed(line)
      line.add_stage(:processor, :S3) { |n| emit n }
      line.reroute_stage(:S1, to: :S3)
      line.reroute_stage(:S3, to: :S2)

      expect(routed(line)).to eq("P1>S1 S1>S3 S3>S2")
    end

    it "skips a stage that is a sibling's successor already" do
      # S1 and S2 are siblings; S2 feeds S3, so S1 does not, although S3 comes next for both.
      expect(routed("P1 to:S1,S2 S2 to:S3 S1 S3")).to eq("P1>S1 P1>S2 S2>S3")
    end
  end

  describe "step 0, the input" do
    it "feeds the first stage that is no producer" do
      line = defined("P1 S1 S2")
      line.input_queue = Queue.new

      expect(routed(line)).to eq("P1>S1 S1>S2 _input>S1")
    end

    it "does not appear without input queues" do
      line = defined("P1 S1")
      routed(line)

      expect(line.dag.nodes).to eq(%i[P1 S1])
    end
  end

  describe "step 3, validation" do
    it "names a target that is no stage" do
      expect { routed("P1 to:S9 S1") }.to raise_error(Minigun::Error, /S9/)
    end

    it "names a node without a stage" do
      line = defined("P1 S1")
      line.dag.add_node(:ghost)

      expect { routed(line) }.to raise_error(Minigun::Error, /ghost/)
    end

    it "is done by run as well" do
      expect { defined("P1 to:S9 S1").run(Object.new) }.to raise_error(Minigun::Error, /S9/)
    end
  end

  describe "step 4, spawn stages" do
    it "need an accumulator right before them" do
      line = defined("P1 A1 S1")
      line.add_stage(:consumer, :spawn, strategy: :spawn_thread) { |batch| batch }

      expect { routed(line) }.to raise_error(Minigun::Error, /spawn.*accumulator/m)
    end

    it "are content with one of several predecessors" do
      line = defined("P1 A1 S1 to:spawn")
      line.add_stage(:consumer, :spawn, strategy: :spawn_thread, from: :A1) { |batch| batch }

      expect { routed(line) }.not_to raise_error
    end
  end

  it "may be built again without a change" do
    line = defined("P1 to:S1,S2 S1 S2 A1 S3 P2 S4")
    first = routed(line)

    expect(routed(line)).to eq(first)
  end

  it "leaves its edges in the graph for later runs" do
    line = defined("P1 S1")
    2.times { line.run(Object.new) }

    expect(line.dag.edges[:P1]).to eq([:S1])
  end

  describe "reroute_stage" do
    it "replaces all outgoing edges by one or several" do
      line = defined("P1 to:S1,S2 S1 S2 S3")
      line.reroute_stage(:P1, to: %i[S3 S2])

      expect(line.dag.downstream(:P1)).to eq(%i[S3 S2])

      line.reroute_stage(:P1, to: :S1)
      expect(line.dag.downstream(:P1)).to eq([:S1])
    end

    it "works on automatic edges too" do
      line = defined("P1 S1 S2")
      routed(line)
      line.reroute_stage(:P1, to: :S2)

      expect(routed(line)).to eq("P1>S2 S1>S2")
    end

    it "leaves stages without upstream that never run" do
      rerouted = job do
        producer(:gen) { emit 1 }
        processor(:skipped) { |_| raise "not here" }
        consumer(:keep) { |n| @out << n }
        reroute_stage :gen, to: :keep
      end

      expect(rerouted.run).to eq(1)
      expect(rerouted.out).to eq([1])
      expect(errors_logged).to eq([])
    end
  end
end
