# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Stage options" do
  def options_of(klass, stage)
    root(klass).find_stage(stage).options
  end

  it "to: and from: become edges and are not stored" do
    klass = job_class do
      producer(:gen, to: %i[left right]) { emit 1 }
      processor(:left, to: :keep) { |n| emit n }
      processor(:right) { |n| emit n + 1 }
      consumer(:keep, from: [:right]) { |n| @out << n }
    end

    expect(options_of(klass, :gen)).to eq({})
    expect(options_of(klass, :keep)).to eq({})
    expect(root(klass).dag.downstream(:gen)).to eq(%i[left right])
    expect(klass.new.tap(&:run).out).to contain_exactly(1, 2)
  end

  it "to: may name stages defined later, also together with from:" do
    chain = job do
      consumer(:keep) { |n| @out << n }
      processor(:inc, from: :gen, to: :keep) { |n| emit n + 1 }
      producer(:gen) { emit 1 }
    end
    chain.run

    expect(chain.out).to eq([2])
  end

  it "hooks are registered and not stored" do
    klass = job_class do
      producer(:gen, before: -> { @out << :first }, after: proc { @out << :last }) { emit 1 }
      processor(:same, before: -> { @out << :before }, after: -> { @out << :after }) { |n| emit n }
      consumer(:keep, before_fork: -> { @out << :fork }, after_fork: -> {}) { |n| @out << n }
    end

    expect(%i[gen same keep].map { |stage| options_of(klass, stage) }).to eq([{}, {}, {}])
    expect(klass.new.tap(&:run).out).to include(:first, :last, :before, :after, :fork, 1)
  end

  it "unknown ones are kept unchanged" do
    value = Object.new
    klass = job_class do
      producer(:gen, colour: value, "text" => 1) { emit 1 }
    end

    expect(options_of(klass, :gen)).to eq({ colour: value, "text" => 1 })
    expect(klass.new.run).to eq(1)
  end

  it "the strategy is :threaded by default" do
    klass = job_class do
      producer(:gen) { emit 1 }
      consumer(:keep, strategy: :fork_ipc) { |n| n }
    end

    expect(root(klass).find_stage(:gen).strategy).to eq(:threaded)
    expect(root(klass).find_stage(:keep).strategy).to eq(:fork_ipc)
  end

  it "max_size: and max_wait: shape an accumulator" do
    klass = job_class do
      accumulator(:plain)
      accumulator(:small, max_size: 3, max_wait: 60)
    end
    plain, small = root(klass).stages.values

    expect([plain.max_size, plain.max_wait]).to eq([100, nil])
    expect([small.max_size, small.max_wait]).to eq([3, 60])
  end

  it "an unknown strategy is an error before anything runs" do
    wrong = job do
      producer(:gen) { @out << emit(1) }
      consumer(:keep, strategy: :telepathy) { |n| @out << n }
    end

    expect { wrong.run }.to raise_error(Minigun::Error, /telepathy/)
    expect(wrong.out).to eq([])
  end

  %i[threaded fork_ipc ractor].each do |strategy|
    it "strategy: :#{strategy} works on streams of items" do
      streamed = job do
        producer(:gen) { 3.times { |n| emit n } }
        consumer(:keep, strategy: strategy) { |n| @out << n }
      end

      expect(streamed.run).to eq(3)
      expect(streamed.out).to contain_exactly(0, 1, 2)
    end
  end

  %i[spawn_thread spawn_fork spawn_ractor].each do |strategy|
    it "strategy: :#{strategy} works on batches" do
      batched = job do
        producer(:gen) { 3.times { |n| emit n } }
        accumulator(:pack, max_size: 2)
        consumer(:keep, strategy: strategy) { |batch| @out << batch }
      end

      expect(batched.run).to eq(3)
      expect(batched.out).to contain_exactly([0, 1], [2])
    end
  end
end
