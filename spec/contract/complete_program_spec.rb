# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "A complete program" do
  it "with the DSL" do
    klass = Class.new do
      include Minigun::DSL
      max_threads 3
      attr_reader :out, :log, :calls

      def initialize(top) = (@top, @out, @log, @calls = top, [], [], 0)

      before_run { @log << :start }
      after_run  { @log << :stop }
      producer(:count) { (1..@top).each { |n| emit n } }
      processor(:cube, before: -> { @calls += 1 }) { |n| emit n**3 }
      accumulator :pack, max_size: 4
      spawn_fork(:store) { |list| list.each { |v| @out << v } }
      after_fork(:store) { @log << :child }
    end
    job = klass.new(6)

    expect(job.run).to eq(6)
    expect(job.out.sort).to eq([1, 8, 27, 64, 125, 216])
    expect(job.calls).to eq(6)
    expect(job.log.first).to eq(:start)
    expect(job.log.last).to eq(:stop)
    expect(job.log.drop(1)[0..-2]).to all(eq(:child)).and(satisfy(&:any?))
  end

  it "without the DSL" do
    seen = []
    line = Minigun::Pipeline.new(:line)
    line.add_stage(:producer, :pairs, to: :sum) { [[2, 9], [4, 5]].each { |pair| emit pair } }
    line.add_stage(:processor, :sum, to: :keep) { |a, b| emit a + b }
    line.add_stage(:consumer, :keep) { |x| seen << x }

    expect(line.run(Object.new)).to eq(2)
    expect(seen).to eq([11, 9])
    expect(line.stats.stage_stats[:pairs].items_produced).to eq(2)
  end

  it "of one stage without a pipeline" do
    expect(Minigun::PipelineStage.new(name: :empty).execute_with_emit(Object.new, 3)).to eq([3])
  end
end
