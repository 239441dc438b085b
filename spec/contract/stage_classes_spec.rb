# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Stage classes" do
  describe Minigun::Stage do
    subject(:stage) { described_class.new(name: :x, options: { a: 1 }) }

    it "reads name, options and strategy" do
      expect([stage.name, stage.options, stage.strategy]).to eq([:x, { a: 1 }, :threaded])
      expect(described_class.new(name: :x).options).to eq({})
      expect(described_class.new(name: :x, options: { strategy: :ractor }).strategy).to eq(:ractor)
    end

    it "does nothing by itself" do
      expect { stage.execute(Object.new) }.to raise_error(NotImplementedError)
      expect { stage.execute(Object.new, 1) }.to raise_error(NotImplementedError)
    end

    it "is of no kind" do
      expect([stage.producer?, stage.accumulator?, stage.composite?]).to eq([false, false, false])
    end

    it "tells spawn strategies" do
      strategies = %i[spawn_thread spawn_fork spawn_ractor threaded fork_ipc ractor]
      spawning = strategies.select do |strategy|
        described_class.new(name: :x, options: { strategy: strategy }).has_spawn_strategy?
      end

      expect(spawning).to eq(%i[spawn_thread spawn_fork spawn_ractor])
    end

    it "answers like a Hash" do
      expect(stage.to_h).to eq({ name: :x, options: { a: 1 } })
      expect([stage[:name], stage[:options], stage[:block]]).to eq([:x, { a: 1 }, nil])
    end
  end

  describe Minigun::AtomicStage do
    let(:block) { proc { |n| n + 1 } }
    let(:stage) { described_class.new(name: :inc, block: block, options: { a: 1 }) }

    it "is a Stage with the very block and the options given" do
      expect(stage).to be_a(Minigun::Stage)
      expect(stage.block).to be(block)
      expect(stage.options).to eq({ a: 1 })
      expect(described_class.new(name: :inc, block: block).options).to eq({})
    end

    it "answers like a Hash" do
      expect(stage.to_h).to eq({ name: :inc, block: block, options: { a: 1 } })
      expect(%i[name block options other].map { |key| stage[key] }).to eq([:inc, block, { a: 1 }, nil])
    end

    it "is no accumulator" do
      expect(stage.accumulator?).to be(false)
      expect(stage.composite?).to be(false)
    end

    describe "#execute" do
      it "gives the block's value" do
        expect(stage.execute(Object.new, 4)).to eq(5)
      end

      it "gives a producer no argument" do
        producer = described_class.new(name: :gen, block: proc { |*arguments| arguments })

        expect(producer.execute(Object.new)).to eq([])
        expect(described_class.new(name: :gen, block: -> { 8 }).execute(Object.new, 1)).to eq(8)
      end

      it "runs on the context" do
        context = Object.new
        described_class.new(name: :set, block: proc { |n| @value = n }).execute(context, 3)

        expect(context.instance_variable_get(:@value)).to eq(3)
      end

      it "spreads an Array over two parameters" do
        expect(described_class.new(name: :sum, block: proc { |a, b| a + b }).execute(Object.new, [2, 3])).to eq(5)
      end
    end

    describe "#execute_with_emit" do
      def emitted(context = Object.new, item = 3, &block)
        described_class.new(name: :x, block: block).execute_with_emit(context, item)
      end

      it "collects what was emitted, in order" do
        expect(emitted { |n| n.times { |i| emit i } }).to eq([0, 1, 2])
      end

      it "is empty without emits" do
        expect(emitted { |n| n }).to eq([])
      end

      it "keeps nil and false" do
        expect(emitted { |_| [nil, false].each { |item| emit item } }).to eq([nil, false])
      end

      it "runs on objects with the DSL too, inside each other and inside a run" do
        inner = described_class.new(name: :inner, block: proc { |n| emit n * 2 })
        outer = job do
          producer(:gen) { emit 1 }
          processor(:work) { |n| inner.execute_with_emit(self, n).each { |item| emit item + 1 } }
          consumer(:keep) { |n| @out << n }
        end
        outer.run

        expect(outer.out).to eq([3])
      end
    end
  end

  describe Minigun::AccumulatorStage do
    let(:stage) { described_class.new(name: :pack) }

    it "is an AtomicStage that accumulates" do
      expect(stage).to be_a(Minigun::AtomicStage)
      expect([stage.accumulator?, stage.producer?]).to eq([true, false])
    end

    it "has a size and no limit of time by default" do
      expect([stage.max_size, stage.max_wait]).to eq([100, nil])
    end

    it "takes size and time from the options" do
      small = described_class.new(name: :pack, options: { max_size: 7, max_wait: 2 })

      expect([small.max_size, small.max_wait]).to eq([7, 2])
    end

    it "#execute gives the batch, or the block's value for it" do
      summing = described_class.new(name: :sum, block: proc { |batch| batch.sum })

      expect(stage.execute(Object.new, [1, 2])).to eq([1, 2])
      expect(summing.execute(Object.new, [1, 2])).to eq(3)
    end
  end
end
