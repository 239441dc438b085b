# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Execution::Run do
  def job(&body) = Class.new { include(Minigun::DSL) && class_eval(&body) }.new

  let(:ended) do
    counted = job do
      producer(:gen) { 3.times { |n| emit n } }
      consumer(:keep) { |n| n }
    end
    counted.run
    counted._minigun_task.root_pipeline.latest_run
  end

  it "knows its steps by number, and no others" do
    expect(ended.counters(1).first(2)).to eq([3, 0])
    [-1, 2].each { |number| expect { ended.counters(number) }.to raise_error(IndexError, "no step #{number}") }
  end

  it "is set up and started once, and calls its steps itself" do
    expect { ended.start }.to raise_error(ArgumentError, "already started")
    expect { ended.send(:_yield_items) { nil } }.to raise_error(ArgumentError, /nobody but the engine/)
    expect { described_class.allocate.counters(0) }.to raise_error(ArgumentError, "uninitialized run")
  end

  it "lives from its start on" do
    run = described_class.new(Object.new, ended.program)

    expect([run.live?, run.set_up.live?, ended.live?]).to eq([false, false, true])
  end

  it "has one segment for steps that run together, and one for each where they are not to" do
    chain = lambda do
      made = job do
        producer(:gen) { 3.times { |n| emit n } }
        processor(:work) { |n| emit n }
        consumer(:keep) { |n| n }
      end.tap(&:run)
      made._minigun_task.root_pipeline.latest_run.segments.map(&:first)
    end
    together = chain.call
    Minigun.configuration.fuse = false

    expect([together, chain.call.sort]).to eq([[[0, 1, 2]], [[0], [1], [2]]])
  ensure
    Minigun.configuration.fuse = true
  end

  it "tells what each worker is at, loops too" do
    go, done = Thread::Queue.new, Thread::Queue.new
    loops = job do
      producer(:gen) { |output| output << go.pop }
      stage(:loop) { |input, _output| input.pop && done.pop }
    end
    running = Thread.new { loops.run }
    deeds = lambda do
      run = loops._minigun_task&.root_pipeline&.latest_run
      run&.live? ? run.workers.map { |_, deed, index| [index, deed] } : []
    end
    wait_until { ([[0, :runs], [1, :waits_for_items]] - deeds.call).empty? }
    go << 1
    wait_until { deeds.call.include?([1, :runs]) }
    done << 2

    expect(running.value).to be_an(Integer)
  end

  it "is set up once, and has nothing pending when it has ended" do
    expect { ended.set_up }.to raise_error(ArgumentError, "already initialized")
    expect(ended.pending).to eq(0)
  end

  it "drains when it has ended without more ado" do
    expect(ended.drain.drained?).to be(true)
  end

  it "keeps ten thousand of the items that nobody deals with, and counts them all" do
    run = described_class.new(Object.new, ended.program).set_up
    log_of { [[*1..10_000], [0]].each { |items| run.undeliverable(1, items) } }

    expect(run.cancelled_items).to eq([[1, [*1..10_000]]])
    expect(run.ledger(1)).to eq([10_001, 0, 0, 0, 0, 10_001, 0])
  end

  it "calls a batch step over several batches: the value of each, or what its block emitted" do
    pairs = job do
      producer(:gen) { 2.times { |n| emit n } }
      accumulator(:pack, max_size: 2) { |batch| batch.sum.odd? ? emit(batch) : batch.sum }
      consumer(:keep) { |n| n }
    end.tap(&:run)
    outputs, failures, latencies, fatal = pairs._minigun_task.root_pipeline.latest_run.call_step(1, [[2], [1], [3], [4, 2]])

    expect([outputs, failures, latencies.size, fatal]).to eq([[[nil, [2, [1], [3], 6]]], [], 4, nil])
  end

  it "knows the oldest item in a step's queue, and none of another step's" do
    seen = []
    job do
      producer(:gen) { |output| 200.times { |n| output.to(:keep) << [n] && output << n } }
      processor(:name, execution: :inline) do |n|
        run = _minigun_task.root_pipeline.latest_run
        seen << [run.oldest(1), run.oldest(2)]
        emit n
      end
      consumer(:keep, execution: :inline) { |n| n }
    end.run

    expect(seen.map(&:first).compact).to all(match([Integer]))
    expect(seen.map(&:last).compact.uniq).to match([[[Integer]]])
  end

  it "counts no more items otherwise than were done" do
    expect { ended.send(:_recount, 1, 4, nil) }.to raise_error(ArgumentError, "fewer items than that are done")
  end

  it "gives a loop at least one item, and takes back what it gave" do
    told = []
    job do
      producer(:gen) { |output| output << 1 << 2 }
      stage(:loop) do |input, output|
        [-> { input.take(0) }, -> { input.settle(-1) }].each { |wrong| wrong.call rescue told << $!.message } # rubocop:disable Style/RescueModifier
        output << input.pop(timeout: nil) << input.pop(timeout: 5)
        told << input.pop(timeout: 0.001).class
      end
    end.run

    expect(told).to eq(["take at least one item", "count must not be negative", Minigun::EndOfStage])
  end

  it "sends nil for a call of an output's proc without an item, and by name only where one is given" do
    seen = []
    job do
      producer(:gen) do |output|
        output.to_proc.call
        output.to_proc.call(1, {})
        output.to_proc.call(2, to: :keep)
        output.to_proc.call(3, 4)
      end
      consumer(:keep) { |n| seen << n }
    end.run

    expect(seen).to contain_exactly(nil, 1, 2, 3)
  end

  it "that is cancelled counts a batch that waits to be tried again, item by item" do
    retried = job do
      producer(:gen) { 4.times { |n| emit n } }
      accumulator(:pack, max_size: 2, retries: 3, backoff: 60) { |_| raise "no" }
      consumer(:keep) { |n| n }
    end
    running = Thread.new { retried.run }.tap { |thread| thread.report_on_exception = false }
    wait_until { (run = retried._minigun_task&.root_pipeline&.latest_run)&.live? && run.parked == 2 }

    log_of { retried.cancel && expect { running.value }.to(raise_error(Minigun::Cancelled)) }
    expect(retried.last_result.stage(:pack)).to have_attributes(accepted: 4, cancelled: 4, done: 0)
  end

  it "ends with the error of a hook behind its producers" do
    odd = Class.new(Exception) # rubocop:disable Lint/InheritException
    [KeyError, odd].each do |error|
      pipeline = Minigun::Pipeline.new(:line, {})
      pipeline.add_stage(:producer, :gen) { |output| output << 1 }
      pipeline.add_stage(:consumer, :keep) { |n| n }
      pipeline.add_hook(:after_producer) { raise error, "hook" }

      expect { log_of { pipeline.run(Object.new) } }.to raise_error(error, /hook/)
    end
  end
end
