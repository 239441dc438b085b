# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::Pipeline do
  subject(:line) { described_class.new(:line) }

  let(:defaults) do
    { max_threads: 5, max_processes: 2, max_retries: 3, accumulator_max_single: 2_000,
      accumulator_max_all: 4_000, accumulator_check_interval: 100, use_ipc: false }
  end

  it "starts empty" do
    expect([line.name, line.stages, line.stage_order, line.stats]).to eq([:line, {}, [], nil])
    expect(line.dag).to be_a(Minigun::DAG)
    expect(line.hooks).to include(before_run: [], after_run: [], before_fork: [], after_fork: [])
    expect(line.config).to include(defaults)
  end

  it "copies known configuration into a Hash of its own" do
    config = { max_threads: 9 }
    own = described_class.new(:own, config)
    config[:max_threads] = 1

    expect(own.config).to include(defaults.merge(max_threads: 9))
  end

  describe "#add_stage" do
    it "makes atomic stages and accumulators" do
      types = %i[stage producer processor consumer accumulator]
      types.each { |type| line.add_stage(type, :"a_#{type}") { |n| n } }

      expect(line.stages.values).to all(be_a(Minigun::AtomicStage))
      expect(line.stages.values.map { |stage| stage.is_a?(Minigun::AccumulatorStage) })
        .to eq([false, false, false, false, true])
    end

    it "registers stage, order, node and edges" do
      line.add_stage(:producer, :gen, to: :keep) { emit 1 }
      line.add_stage(:consumer, :keep) { |n| n }
      line.add_stage(:consumer, :log, { from: :gen }) { |n| n }

      expect(line.stages.keys).to eq(%i[gen keep log])
      expect(line.stage_order).to eq(%i[gen keep log])
      expect(line.dag.nodes).to match_array(%i[gen keep log])
      expect(line.dag.downstream(:gen)).to eq(%i[keep log])
    end

    it "keeps the very block" do
      block = proc { |n| n }
      line.add_stage(:consumer, :keep, &block)

      expect(line.find_stage(:keep).block).to be(block)
    end

    it "refuses any other type" do
      expect { line.add_stage(:magic, :x) { |n| n } }.to raise_error(Minigun::Error, /magic/)
    end

    it "replaces a stage of the same name silently" do
      seen = []
      line.add_stage(:producer, :gen) { emit 1 }
      line.add_stage(:consumer, :keep) { |_| raise "replaced" }
      line.add_stage(:consumer, :keep) { |n| seen << n }

      expect(line.stage_order).to eq(%i[gen keep])
      expect(line.run(Object.new)).to eq(1)
      expect(seen).to eq([1])
    end
  end

  it "#find_stage gives the stage or nil" do
    line.add_stage(:producer, :gen) { emit 1 }

    expect(line.find_stage(:gen)).to be(line.stages[:gen])
    expect(line.find_stage(:other)).to be_nil
  end

  it "#add_hook appends the very block" do
    hooks = Array.new(2) { proc {} }
    hooks.each { |hook| line.add_hook(:before_run, &hook) }

    expect(line.hooks[:before_run]).to match([be(hooks.first), be(hooks.last)])
  end

  it "#add_stage_hook adds to one stage" do
    events = []
    line.add_stage(:producer, :gen) { events << emit(1).then { :block } }
    line.add_stage_hook(:before, :gen) { events << :before }
    line.add_stage_hook(:after, :gen) { events << :after }
    line.run(Object.new)

    expect(events).to eq(%i[before block after])
    expect(line.hooks.values.flatten).to eq([])
  end

  it "#input_queue reads back what was set" do
    first, second = Array.new(2) { Queue.new }
    expect(line.input_queue).to be_nil

    line.input_queue = first
    line.add_input_queue(second)

    expect(line.input_queue).to be(first)
    expect(line.input_queues).to eq([first, second])
  end

  it "#add_output_queue names a queue" do
    queue = Queue.new
    line.add_output_queue(:next, queue)

    expect(line.output_queues).to eq({ next: queue })
  end

  it "#dup copies stages, order, graph, hooks and settings, each independent" do
    line.add_stage(:producer, :gen, before: proc { nil }) { emit 1 }
    line.add_hook(:before_run) { nil }
    copy = line.dup
    copy.add_stage(:consumer, :keep, from: :gen) { |n| n }
    copy.add_hook(:before_run) { nil }
    copy.add_stage_hook(:before, :gen) { nil }
    copy.config[:max_threads] = 77

    expect([line.stages.keys, line.stage_order, line.dag.downstream(:gen)]).to eq([[:gen], [:gen], []])
    expect([line.hooks[:before_run].size, line.stage_hooks[:before][:gen].size, line.config[:max_threads]]).to eq([1, 1, 5])
    expect([copy.stages.keys, copy.dag.downstream(:gen)]).to eq([%i[gen keep], [:keep]])
    expect([copy.hooks[:before_run].size, copy.stage_hooks[:before][:gen].size]).to eq([2, 2])
    expect(copy.run(Object.new)).to eq(1)
  end

  describe "between queues" do
    let(:inputs) { [[1, 2], [3]].map { |items| Queue.new([*items, :END_OF_QUEUE]) } }
    let(:output) { SizedQueue.new(1) }

    before do
      inputs.each { |queue| line.add_input_queue(queue) }
      line.add_output_queue(:next, output)
      line.add_stage(:processor, :double) { |n| emit n * 2 }
    end

    it "runs until each input has ended, and ends its output" do
      reader = Thread.new { Array.new(4) { output.pop } }
      line.run(Object.new)

      expect(reader.value.first(3)).to contain_exactly(2, 4, 6)
      expect(reader.value.last).to eq(:END_OF_QUEUE)
      expect(line.stats.stage_stats.keys).to eq([:double])
    end

    it "ends its output after an error, too, without waiting for room" do
      line.add_hook(:before_run) { raise "refused" }

      expect { line.run(Object.new) }.to raise_error("refused")
      expect(output.pop).to eq(:END_OF_QUEUE)
    end
  end

  it "is routed and validated by build_dag_routing! at the start of a run" do
    allow(line).to receive(:build_dag_routing!).and_call_original
    line.run(Object.new)

    expect(line).to have_received(:build_dag_routing!)
  end

  it "runs without task, runner and DSL, and fires its hooks" do
    events = []
    line.add_hook(:before_run) { events << :start }
    line.add_stage(:producer, :gen) { emit 1 }
    line.add_stage(:consumer, :keep) { |n| events << n }
    line.add_hook(:after_run) { events << :stop }

    expect(line.run(Object.new)).to eq(1)
    expect(events).to eq([:start, 1, :stop])
  end

  describe "find_all_producers" do
    def producers = line.send(:find_all_producers).map(&:name)

    before do
      line.add_stage(:producer, :a) { emit 1 }
      line.add_stage(:consumer, :keep) { |n| n }
      line.stages[:free] = Minigun::PipelineStage.new(name: :free)
      line.stages[:fed] = Minigun::PipelineStage.new(name: :fed)
      line.add_stage(:producer, :b) { emit 2 }
      line.dag.add_edge(:a, :fed)
    end

    it "gives producers and source pipelines in the order of stages" do
      expect(producers).to eq(%i[a free b])
      expect(line.send(:find_all_producers)).to all(be_a(Minigun::Stage))
    end

    it "looks at the graph of the moment" do
      line.dag.add_edge(:keep, :free)

      expect(producers).to eq(%i[a b])
    end

    it "ignores the order" do
      line.instance_variable_set(:@stage_order, %i[b keep a])

      expect(producers).to eq(%i[a free b])
    end
  end

  describe "changed by hand" do
    let(:seen) { [] }

    before do
      kept = seen
      line.add_stage(:producer, :gen) { emit 1 }
      line.add_stage(:consumer, :keep) { |n| kept << n }
    end

    def stage(name, &block) = Minigun::AtomicStage.new(name: name, block: block)

    it "runs a stage put into stages" do
      line.stages[:more] = stage(:more) { emit 2 }
      line.dag.add_edge(:more, :keep)
      line.run(Object.new)

      expect(seen).to contain_exactly(1, 2)
    end

    it "places a stage that is missing in the order after all others" do
      kept = seen
      line.stages[:last] = stage(:last) { |n| kept << [:last, n] }
      line.stages[:keep] = stage(:keep) { |n| emit n + 1 }
      line.run(Object.new)

      expect(seen).to eq([[:last, 2]])
    end

    it "follows a replaced order" do
      kept = seen
      line.add_stage(:consumer, :other) { |n| kept << [:other, n] }
      line.instance_variable_set(:@stage_order, %i[gen other keep])
      line.send(:build_dag_routing!)

      expect(line.dag.edges[:gen]).to eq([:other])
    end

    it "follows an order that was unshifted and appended to" do
      line.stages[:first] = stage(:first) { emit 5 }
      line.instance_variable_get(:@stage_order).unshift(:first)
      line.run(Object.new)

      expect(seen).to contain_exactly(1, 5)
    end

    it "follows edges added to the graph directly" do
      kept = seen
      line.add_stage(:consumer, :log) { |n| kept << [:log, n] }
      line.dag.add_edge(:gen, :log)
      line.run(Object.new)

      expect(seen).to eq([[:log, 1]])
    end

    it "goes by the name of the stage, not of the pipeline in it" do
      line.stages[:inner] = Minigun::PipelineStage.new(name: :inner)
      line.stages[:inner].pipeline = pipeline(:called_otherwise) { |p| p.add_stage(:producer, :gen) { emit 7 } }
      line.dag.add_edge(:inner, :keep)
      line.run(Object.new)

      expect(seen).to contain_exactly(1, 7)
    end
  end
end
