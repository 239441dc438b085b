# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Stage blocks" do
  def stage(block)
    Minigun::AtomicStage.new(name: :x, block: block)
  end

  # Runs one producer and one stage, and gives what was noted in @out.
  def noted(items, &block)
    job do
      producer(:gen) { items.each { |item| emit item } }
      consumer(:work, &block)
    end.tap(&:run).out
  end

  describe "kind from the arity" do
    {
      "no parameter" => [proc { 1 }, true],
      "empty parameters" => [proc { || 1 }, true],
      "only optional parameters" => [proc { |a = 1| a }, true],
      "a lambda without parameter" => [-> { 1 }, true],
      "one parameter" => [proc { |a| a }, false],
      "an underscored parameter" => [proc { |_| 1 }, false],
      "a numbered parameter" => [proc { _1 }, false],
      "two numbered parameters" => [proc { _1 + _2 }, false],
      "two parameters" => [proc { |a, b| [a, b] }, false],
      "three parameters" => [proc { |a, b, c| [a, b, c] }, false],
      "a splat" => [proc { |*a| a }, true],
      "a parameter and a splat" => [proc { |a, *b| [a, b] }, false]
    }.each do |form, (block, producer)|
      it "#{form}: #{producer ? "a producer" : "a stage for items"}" do
        expect(stage(block).producer?).to be(producer)
      end
    end

    it "no block: no producer" do
      expect(Minigun::AtomicStage.new(name: :x, block: nil).producer?).to be_falsy
    end

    it "an accumulator is never a producer" do
      pack = Minigun::AccumulatorStage.new(name: :x, block: proc { 1 })

      expect(pack.accumulator?).to be(true)
      expect(pack.producer?).to be(false)
    end

    it "a stage called consumer may emit onwards" do
      chain = job do
        producer(:gen) { emit 1 }
        consumer(:inc) { |n| emit n + 1 }
        consumer(:keep) { |n| @out << n }
      end
      chain.run

      expect(chain.out).to eq([2])
    end
  end

  describe "self" do
    it "is the user object in every block and hook" do
      selves = []
      whoami = job do
        before_run { selves << self }
        after_run { selves << self }
        producer(:gen, before: -> { selves << self }) { (selves << self) && emit(1) }
        processor(:same, after: proc { selves << self }) { |n| (selves << self) && emit(n) }
        accumulator(:pack) { |batch| (selves << self) && batch }
        pipeline(:inner, from: :pack) { processor(:in) { |batch| (selves << self) && emit(batch) } }
        consumer(:keep, from: :inner) { |_| selves << self }
      end
      whoami.run

      expect(selves.size).to eq(9)
      expect(selves).to all(be(whoami))
    end

    it "carries instance variables from stage to stage and out of the run" do
      stateful = job do
        attr_accessor :outside, :total

        before_run { @hooked = 1 }
        producer(:gen) { emit((@produced = @hooked + outside) - 10) }
        processor(:work) { |n| emit(@worked = @produced + n) }
        consumer(:keep) { |_| self.total = @worked }
      end
      stateful.outside = 10
      stateful.run

      expect(stateful.total).to eq(12)
      expect(stateful.instance_variable_get(:@produced)).to eq(11)
    end

    it "leaves closures their locals" do
      seen = []
      factor = 3
      job do
        producer(:gen) { emit factor }
        consumer(:keep) { |n| seen << n * factor }
      end.run

      expect(seen).to eq([9])
    end

    it "may be any object without the DSL" do
      [Object.new, Struct.new(:a).new(1), +"text", [], Class.new, Module.new].each do |context|
        line = pipeline do |p|
          p.add_stage(:producer, :gen) { emit 1 }
          p.add_stage(:processor, :inc) { |n| emit n + 1 }
          p.add_stage(:consumer, :keep) { |n| (@kept ||= []) << n }
        end

        expect(line.run(context)).to eq(1)
        expect(context.instance_variable_get(:@kept)).to eq([2])
      end
    end

    it "is not changed beyond the run for a bare object" do
      line = pipeline { |p| p.add_stage(:producer, :gen) { emit 1 } }
      context = Object.new
      line.run(context)

      expect(context.instance_variables.grep_v(/minigun/)).to eq([])
    end
  end

  describe "arguments" do
    it "spread an Array over two and more parameters" do
      expect(noted([[1, 2], [3, 4, 5], [6]]) { |a, b| @out << [a, b] }).to eq([[1, 2], [3, 4], [6, nil]])
    end

    it "give a block with one parameter the Array whole" do
      expect(noted([[1, 2], [], [[3]]]) { |a| @out << a }).to eq([[1, 2], [], [[3]]])
    end

    it "fill two parameters from one plain item" do
      expect(noted([1, nil]) { |a, b| @out << [a, b] }).to eq([[1, nil], [nil, nil]])
    end

    it "spread over numbered parameters" do
      expect(noted([[1, 2]]) { @out << _1 + _2 }).to eq([3])
    end
  end

  it "return values route nothing" do
    silent = job do
      producer(:gen) { [7, 8].tap { emit 1 } }
      processor(:drop) { |n| n * 100 }
      consumer(:keep) { |n| @out << n }
    end
    silent.run

    expect(silent.out).to eq([])
  end

  it "may end an item early by next" do
    out = noted(1..4) do |n|
      next if n.odd?

      @out << n
    end

    expect(out).to eq([2, 4])
  end
end
