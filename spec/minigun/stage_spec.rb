# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Stage do
  let(:context) { Object.new }

  def atomic(&block) = Minigun::AtomicStage.new(name: :x, block: block)

  it "takes keywords or positions" do
    line = Minigun::Pipeline.new(:line)
    positional = described_class.new(:b, line, nil, { name: :c })

    expect(described_class.new(name: :a, options: { x: 1 }).to_h).to eq(name: :a, options: { x: 1 })
    expect([positional.name, positional.pipeline, positional.options]).to eq([:b, line, { name: :c }])
    expect { described_class.new(1, 2, 3, 4, 5) }.to raise_error(ArgumentError)
  end

  it "has options of its own, whatever becomes of the Hash they were given in" do
    line = Minigun::Pipeline.new(:line)
    [{}, { threads: 2 }, { threads: 2, to: :b }].each do |given|
      expected = given.except(:to)
      stage = line.add_stage(:consumer, :a, given) { |item| item }
      given[:threads] = 3
      expect(stage.options).to eq(expected)
    end
    expect(line.add_stage(:consumer, :a, { threads: 2, max: 1 }, threads: 3) { |item| item }.options).to eq(threads: 3, max: 1)
  end

  it "takes options by hand that no other stage has" do
    line = Minigun::Pipeline.new(:line)
    first, second = %i[a b].map { |name| line.add_stage(:consumer, name, to: []) { |item| item } }
    first.options[:queue_size] = 3

    expect([first.queue_size, second.queue_size]).to eq([3, nil])
    expect(second.options).to eq({})
    expect([second.freeze.options, line.add_stage(:consumer, :c) { nil }.freeze.options]).to eq([{}, {}])
  end

  it "has options that a descendant may add to, also where none were given" do
    klass = Class.new(described_class) do
      def initialize(...)
        super
        @options[:colour] = :red
      end
    end

    expect(Minigun::Pipeline.new(:line).add_stage(klass, :a).options).to eq(colour: :red)
    expect(klass.new(name: :b).options).to eq(colour: :red)
  end

  it "gets a name if none is given, also with options" do
    line = Minigun::Pipeline.new(:line)
    stages = [line.add_stage(:consumer, threads: 2) { |item| item }, line.add_stage(:consumer, nil, { threads: 3 }) { |item| item },
              line.add_stage(:consumer) { |item| item }]

    expect(stages.map { |stage| [stage.name, stage.options] })
      .to eq([[:"consumer#1", { threads: 2 }], [:"consumer#2", { threads: 3 }], [:"consumer#3", {}]])
  end

  it "has nothing to execute" do
    expect { described_class.new(name: :a).execute(context, 1) }.to raise_error(NotImplementedError)
  end

  it "follows the arity of a block that no word is known of" do
    expect(atomic { nil }.producer?).to be(true)
    expect(atomic { |n| n }.producer?).to be(false)
    expect(Minigun::AtomicStage.new(name: :x, block: nil).producer?).to be_falsy
    expect(Minigun::AccumulatorStage.new(name: :x, block: proc { nil }).producer?).to be(false)
  end

  it "executes its block on any object" do
    expect(atomic { |n| [self, n] }.execute(context, 3)).to eq([context, 3])
    expect(atomic { |a, b| a + b }.execute(context, [1, 2])).to eq(3)
    expect(atomic { 7 }.execute(context)).to eq(7)
  end

  it "collects what its block emits, in order, through output as well" do
    expect(atomic { |n| [n, n + 1].each { |each| emit each } }.execute_with_emit(context, 4)).to eq([4, 5])
    expect(atomic { |n, output| output << n && emit(0) }.execute_with_emit(context, 4)).to eq([4, 0])
    expect(atomic { |n| n }.execute_with_emit(context, 4)).to eq([])
  end

  it "collects for each stage alone" do
    inner = atomic { |n| emit n * 10 }
    outer = atomic { |n| emit inner.execute_with_emit(self, n) }

    expect(outer.execute_with_emit(context, 2)).to eq([[20]])
  end

  it "collects what its block sends by name, too, where a stage runs that it can be sent from" do
    inner = atomic { |n| [emit(n), emit_to_stage(:aside, n * 10), emit(n * 2)] }
    job = Class.new do
      include Minigun::DSL
      attr_reader :out

      define_method(:initialize) { @out = [] }
      producer(:gen) { 3.times { |n| emit n } }
      processor(:work) { |n| emit inner.execute_with_emit(self, n) }
      consumer(:keep) { |items| @out << items }
      consumer(:aside, await: true) { |n| @out << n }
    end.new
    job.run

    expect(job.out).to eq([[0, 0, 0], [1, 10, 2], [2, 20, 4]])
    expect { inner.execute_with_emit(job, 1) }.to raise_error(Minigun::Error, /outside of a stage/)
  end

  it "collects what custom classes yield" do
    klass = Class.new(Minigun::ConsumerStage) { def call(item) = 2.times { |n| yield item + n } }

    expect(klass.new(name: :x).execute_with_emit(context, 5)).to eq([5, 6])
  end

  it "passes a batch through the accumulator's block" do
    expect(Minigun::AccumulatorStage.new(name: :x).execute_with_emit(context, [1])).to eq([[1]])
    expect(Minigun::AccumulatorStage.new(name: :x, block: proc { |batch| batch.sum }).execute_with_emit(context, [1, 2]))
      .to eq([3])
    expect(Minigun::AccumulatorStage.new(name: :x, block: proc { |batch| batch.each { |n| emit n } })
      .execute_with_emit(context, [1, 2])).to eq([1, 2])
  end

  describe "that wraps a pipeline" do
    let(:stage) { Minigun::PipelineStage.new(name: :nested) }

    it "keeps stages until there is a pipeline" do
      stage.add_stage(:processor, :a) { |n| emit n }
      stage.add_stage(:processor, :b, to: :c) { |n| emit n }
      expect(stage.instance_variable_get(:@stages_to_add).size).to eq(2)
      stage.pipeline = Minigun::Pipeline.new(:other)

      expect(stage.pipeline.stages.keys).to eq(%i[a b])
    end

    it "walks its stages for one item" do
      expect(stage.execute_with_emit(context, 3)).to eq([3])
      stage.pipeline = Minigun::Pipeline.new(:nested)
      stage.add_stage(:processor, :both) { |n| [n, n + 1].each { |each| emit each } }
      stage.add_stage(:accumulator, :pack)
      stage.add_stage(:processor, :ten) { |n| emit n * 10 }

      expect(stage.execute_with_emit(context, 2)).to eq([20, 30])
      expect(stage.execute(context, 2)).to be_nil
    end
  end
end
