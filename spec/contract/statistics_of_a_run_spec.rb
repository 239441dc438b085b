# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Statistics of a run" do
  def run(&definition)
    job { class_exec(&definition) }.tap(&:run)
  end

  let(:chain) do
    run do
      producer(:gen) { 10.times { |n| emit n } }
      processor(:work) { |n| sleep(0.001).then { n.even? && 2.times { emit n } } }
      consumer(:keep) { |n| @out << n }
    end
  end

  it "are a new object per run, readable through the class" do
    before = stats(chain)
    chain.run

    expect(before).to be_a(Minigun::AggregatedStats)
    expect(chain.class._minigun_task.root_pipeline.stats).not_to be(before)
    expect(stats(chain, :gen).items_produced).to eq(10)
  end

  it "measure runtime and throughput" do
    expect(stats(chain).runtime).to be_positive
    expect(stats(chain).throughput).to be_positive
  end

  it "have one entry per stage that ran, and no other" do
    expect(stats(chain).stage_stats.keys).to contain_exactly(:gen, :work, :keep)
    expect(stats(chain).stages_in_order.map(&:stage_name)).to eq(%i[gen work keep])
    expect(root(chain).dag.nodes).to contain_exactly(:gen, :work, :keep)
  end

  it "count what went in and came out" do
    expect(stats(chain, :gen)).to have_attributes(items_produced: 10, items_consumed: 0, items_failed: 0)
    expect(stats(chain, :work)).to have_attributes(items_consumed: 10, items_produced: 10)
    expect(stats(chain, :keep)).to have_attributes(items_consumed: 10)
    expect(stats(chain)).to have_attributes(total_produced: 10, total_consumed: 10)
  end

  it "count each producer's own emits" do
    three = run do
      [3, 500, 0].each_with_index { |size, i| producer(:"gen#{i}") { size.times { |n| emit n } } }
      consumer(:keep) { |n| n }
    end

    expect((0..2).map { |i| stats(three, :"gen#{i}").items_produced }).to eq([3, 500, 0])
    expect(stats(three).total_produced).to eq(503)
    expect(stats(three).total_consumed).to eq(503)
  end

  it "sum up several terminal stages" do
    fan = run do
      producer(:gen, to: %i[a b]) { 7.times { |n| emit n } }
      consumer(:a) { |n| n }
      consumer(:b) { |n| n }
    end

    expect(stats(fan).total_produced).to eq(7)
    expect(stats(fan).total_consumed).to eq(14)
  end

  it "count failed items" do
    failing = run do
      producer(:gen) { 4.times { |n| emit n } }
      processor(:work) { |n| n.zero? ? raise("zero") : emit(n) }
      consumer(:keep) { |n| raise "odd" if n.odd? }
    end

    expect(stats(failing, :work)).to have_attributes(items_consumed: 4, items_failed: 1)
    expect(stats(failing, :keep)).to have_attributes(items_consumed: 3, items_failed: 2, success_rate: be_within(0.1).of(33.3))
  end

  it "measure a latency per item" do
    latency = stats(chain, :work).to_h[:latency]

    expect(latency).to include(observations: 10)
    expect(latency[:p50]).to be >= 1.0
    expect(stats(chain, :keep).to_h[:latency][:observations]).to eq(10)
  end

  it "do not count a stage's successors in its own latency" do
    slow_end = run do
      producer(:gen) { 10.times { |n| emit n } }
      processor(:quick) { |n| emit n }
      processor(:slow) { |n| emit n.tap { sleep 0.01 } }
      consumer(:keep) { |n| n }
    end

    expect(stats(slow_end, :quick).p50).to be < 0.005
    expect(stats(slow_end, :slow).p50).to be >= 0.009
  end

  it "stamp a producer's start and end around its block and after hooks" do
    times = {}
    stamped = run do
      producer(:gen, after: -> { times[:after] = Time.now }) do
        times[:block] = Time.now
        emit 1
      end
      consumer(:keep) { |n| times[:keep] = Time.now }
    end
    gen = stats(stamped, :gen)

    expect(gen.start_time).to be <= times[:block]
    expect(gen.end_time).to be >= times[:after]
    expect(gen.end_time).to be <= stats(stamped, :keep).end_time
  end

  it "start other stages at their first item, each later than the one before" do
    order = stats(chain).stages_in_order.map(&:start_time)

    expect(order).to eq(order.uniq.sort)
  end

  it "end all other stages at the same time" do
    ends = %i[work keep].map { |name| stats(chain, name).end_time }

    expect(ends.uniq.size).to eq(1)
  end

  it "find the slow processor of a chain to be the bottleneck" do
    bottleneck = stats(run do
      producer(:gen) { 20.times { |n| emit n } }
      processor(:slow) { |n| emit n.tap { sleep 0.003 } }
      consumer(:keep) { |n| n }
    end).bottleneck

    expect(bottleneck.stage_name).to eq(:slow)
  end

  it "take a nested pipeline without successors for a terminal stage, whose items are what it consumed" do
    nested = run do
      producer(:gen) { 6.times { |n| emit n } }
      pipeline(:last) { consumer(:keep) { |n| n } }
    end

    expect(stats(nested, :last).total_items).to eq(6)
    expect(stats(nested, :last).throughput).to be > 0
  end

  it "are kept for nested pipelines too" do
    nested = run do
      producer(:gen) { 3.times { |n| emit n } }
      pipeline(:inner) { processor(:twice) { |n| 2.times { emit n } } }
      consumer(:keep) { |n| n }
    end
    inner = root(nested).stages[:inner].pipeline.stats

    expect(inner).to be_a(Minigun::AggregatedStats)
    expect(inner.stage_stats[:twice]).to have_attributes(items_consumed: 3, items_produced: 6)
    expect(stats(nested, :inner).items_produced).to eq(6)
    expect(stats(nested, :keep).items_consumed).to eq(6)
  end

  it "count batches as items behind an accumulator" do
    batched = run do
      producer(:gen) { 5.times { |n| emit n } }
      accumulator(:pack, max_size: 2)
      consumer(:keep) { |batch| batch }
    end

    expect(stats(batched, :pack)).to have_attributes(items_consumed: 5, items_produced: 3)
    expect(stats(batched, :keep).items_consumed).to eq(3)
  end

  it "may be read while the run goes on" do
    counts = []
    run do
      klass = self
      producer(:gen) { 2_000.times { |n| emit n } }
      consumer(:keep) { |n| counts << klass._minigun_task.root_pipeline.stats&.total_consumed if (n % 500).zero? }
    end

    expect(counts.size).to eq(4)
  end
end
