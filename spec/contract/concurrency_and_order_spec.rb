# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Concurrency and order" do
  # Counts how many threads are inside `at_work` at once, and keeps the highest number.
  let(:meter) do
    Class.new do
      attr_reader :peak

      def initialize = (@lock, @now, @peak = Mutex.new, 0, 0)

      def at_work
        @lock.synchronize { @peak = [@peak, @now += 1].max }
        yield
      ensure
        @lock.synchronize { @now -= 1 }
      end
    end.new
  end

  def items_job(items, threads: 5, &body)
    job do
      max_threads threads
      producer(:gen) { items.times { |n| emit n } }
      class_exec(&body)
    end
  end

  it "runs producers together" do
    left, right = Array.new(2) { Queue.new }
    meeting = job do
      producer(:a) { emit [left << :a, right.pop].last }
      producer(:b) { emit [right << :b, left.pop].last }
      consumer(:keep) { |name| @out << name }
    end
    meeting.run

    expect(meeting.out).to contain_exactly(:a, :b)
  end

  it "runs producers of nested pipelines together with the others" do
    left, right = Array.new(2) { Queue.new }
    meeting = job do
      pipeline(:a, to: :keep) { producer(:in_a) { emit [left << :a, right.pop].last } }
      pipeline(:b, to: :keep) { producer(:in_b) { emit [right << :b, left.pop].last } }
      consumer(:keep) { |name| @out << name }
    end
    meeting.run

    expect(meeting.out).to contain_exactly(:a, :b)
  end

  it "keeps the order of what is emitted and what is sent by name to one stage" do
    mixed = items_job(3_000) do
      processor(:work) { |n, output| n.even? ? output << n : output.to(:keep) << n }
      consumer(:keep, threads: 1) { |n| @out << n }
    end
    mixed.run

    expect(mixed.out).to eq([*0...3_000])
  end

  it "keeps that order wherever the first item is that is sent by name" do
    wrong = (1..130).reject do |first|
      mixed = items_job(200) do
        processor(:work) { |n, output| n < first || (n - first).odd? ? output << n : output.to(:keep) << n }
        consumer(:keep, threads: 1) { |n| @out << n }
      end
      mixed.run
      mixed.out == [*0...200]
    end

    expect(wrong).to be_empty
  end

  it "keeps that order where items are tried again" do
    mixed = items_job(300) do
      processor(:work, retries: 1, backoff: 0) do |n, output|
        output << (3 * n)
        output.to(:keep) << ((3 * n) + 1)
        output << ((3 * n) + 2)
      end
      consumer(:keep, threads: 1) { |n| @out << n }
    end
    mixed.run

    expect(mixed.out).to eq([*0...900])
  end

  it "a processor handles one item at a time, also a slow one" do
    gauge = meter
    slow = items_job(12) do
      processor(:work) { |n| gauge.at_work { sleep 0.003 }.then { emit n } }
      consumer(:keep) { |n| @out << n }
    end
    slow.run

    expect(gauge.peak).to eq(1)
    expect(slow.out).to eq((0...12).to_a)
  end

  it "a processor fed by several producers handles one item at a time" do
    gauge = meter
    merged = job do
      4.times { |i| producer(:"gen#{i}", to: :work) { 200.times { |n| emit n } } }
      processor(:work, before: -> { @out << :one }) { |n| gauge.at_work { Thread.pass }.then { emit n } }
      consumer(:keep) { |n| n }
    end
    merged.run

    expect(gauge.peak).to eq(1)
    expect(merged.out.size).to eq(800)
  end

  it "before hook, block and after hook of an item are one unit" do
    units = items_job(50) do
      before(:work) { @out << :before }
      processor(:work) { |n| (@out << n).tap { Thread.pass }.then { emit n } }
      after(:work) { @out << :after }
      consumer(:keep) { |n| n }
    end
    units.run

    expect(units.out).to eq((0...50).flat_map { |n| [:before, n, :after] })
  end

  it "a counter without a lock in a before hook is exact" do
    counted = job do
      attr_reader :count

      3.times { |i| producer(:"gen#{i}", to: :work) { 500.times { |n| emit n } } }
      processor(:work, before: -> { @count = @count.to_i.tap { Thread.pass } + 1 }) { |n| emit n }
      consumer(:keep) { |n| n }
    end
    counted.run

    expect(counted.count).to eq(1_500)
  end

  it "a fast terminal stage runs one item at a time, in order" do
    gauge = meter
    fast = items_job(3_000) { consumer(:keep) { |n| gauge.at_work { @out << n } } }
    fast.run

    expect(fast.out).to eq((0...3_000).to_a)
    expect(gauge.peak).to eq(1)
  end

  it "a terminal stage finishes its first item before it starts the second" do
    events = Queue.new
    items_job(8) do
      consumer(:keep) do |n|
        events << [:start, n]
        sleep 0.02
        events << [:end, n]
      end
    end.run

    expect([events.pop, events.pop]).to eq([[:start, 0], [:end, 0]])
  end

  it "a terminal stage that proves to block runs several items, up to max_threads" do
    gauge = meter
    blocking = items_job(40, threads: 3) { consumer(:keep) { |n| gauge.at_work { sleep 0.02 }.then { @out << n } } }
    blocking.run

    expect(gauge.peak).to be_between(2, 3)
    expect(blocking.out).to match_array(0...40)
  end

  it "a blocking terminal stage starts its items in order" do
    blocking = items_job(40) do
      consumer(:keep) do |n|
        @out << n
        sleep 0.005
      end
    end
    blocking.run

    expect(blocking.out).to eq((0...40).to_a)
  end

  it "a blocking terminal stage stays alone with max_threads 1" do
    gauge = meter
    items_job(10, threads: 1) { consumer(:keep) { |_| gauge.at_work { sleep 0.005 } } }.run

    expect(gauge.peak).to eq(1)
  end

  it "a terminal stage that only computes runs one item at a time" do
    gauge = meter
    items_job(20) { consumer(:keep) { |_| gauge.at_work { 20_000.times { |n| n * n } } } }.run

    expect(gauge.peak).to eq(1)
  end

  it "items keep their order along a path of processors" do
    chain = items_job(2_000) do
      processor(:inc) { |n| emit n + 1 }
      processor(:twice) { |n| 2.times { |i| emit [n, i] } }
      pipeline(:inner) { processor(:same) { |item| emit item } }
      consumer(:keep) { |n, i| @out << [n, i] }
    end
    chain.run

    expect(chain.out).to eq((1..2_000).flat_map { |n| [[n, 0], [n, 1]] })
  end

  it "order holds behind a slow stage as well" do
    chain = items_job(60) do
      processor(:slow) { |n| sleep(0.002 * (n % 3)).then { emit n } }
      processor(:fast) { |n| emit n }
      accumulator(:pack, max_size: 7)
      consumer(:keep) { |batch| @out.concat(batch) }
    end
    chain.run

    expect(chain.out).to eq((0...60).to_a)
  end

  it "stages may share an Array without a lock" do
    sharing = job do
      producer(:gen, to: %i[a b c]) { 500.times { |n| emit n } }
      %i[a b c].each { |name| consumer(name) { |n| (@out << n).tap { Thread.pass } } }
    end
    sharing.run

    expect(sharing.out.tally).to eq((0...500).to_h { |n| [n, 3] })
  end
end
