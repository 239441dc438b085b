# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::Execution::ExecutionOrchestrator do
  let(:seen) { [] }
  let(:line) do
    kept = seen
    pipeline do |p|
      p.add_stage(:producer, :gen) { 3.times { |n| emit n } }
      p.add_stage(:processor, :inc) { |n| emit n + 1 }
      p.add_stage(:accumulator, :pack, max_size: 2)
      p.add_stage(:consumer, :keep) { |batch| kept << batch }
    end
  end

  subject(:orchestrator) { described_class.new(line) }

  it "knows its pipeline, and no plan at first" do
    expect(orchestrator.pipeline).to be(line)
    expect(orchestrator.plan).to be_nil
  end

  it "runs the pipeline's stages by a plan" do
    orchestrator.execute(Object.new)

    expect(seen).to eq([[1, 2], [3]])
    expect(orchestrator.plan).to be_a(Minigun::Execution::ExecutionPlan)
    expect(orchestrator.plan.colocated?(:inc, :gen)).to be(true)
    expect(orchestrator.plan.independent_stages).to include(:gen, :keep)
  end

  it "leaves nothing behind, however it ends", :no_leaks do
    orchestrator.execute(Object.new)
    line.add_stage(:processor, :inc) { |_| raise NotImplementedError, "stop" }

    expect { orchestrator.execute(Object.new) }.to raise_error(NotImplementedError, "stop")
  end

  it "is what Pipeline#run is built on" do
    made = nil
    allow(described_class).to receive(:new).and_wrap_original { |original, *given| made = original.call(*given) }
    line.run(Object.new)

    expect(made.pipeline).to be(line)
    expect(made.plan).not_to be_nil
  end
end
