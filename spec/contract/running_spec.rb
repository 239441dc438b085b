# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "A run" do
  let(:klass) do
    job_class do
      producer(:gen) { 3.times { |n| emit n } }
      processor(:inc) { |n| emit n + 1 }
      consumer(:keep) { |n| @out << n }
    end
  end

  it "fires before_run, runs, fires after_run" do
    events = job do
      before_run { @out << :start }
      after_run { @out << :stop }
      producer(:gen) { emit 1 }
      processor(:inc) { |n| emit n + 1 }
      consumer(:keep) { |n| @out << n }
    end
    events.run

    expect(events.out).to eq([:start, 2, :stop])
  end

  it "has its statistics before and marked as finished after it" do
    marks = []
    line = pipeline { |p| p.add_stage(:producer, :gen) { emit 1 } }
    line.add_hook(:before_run) { marks << line.stats.class }
    line.run(Object.new)

    expect(marks).to eq([Minigun::AggregatedStats])
    expect(line.stats.runtime).to be_positive
  end

  it "ends only when all effects are visible" do
    slow = job do
      producer(:gen) { 6.times { |n| emit n } }
      processor(:work) { |n| sleep(0.005).then { emit n } }
      accumulator(:pack, max_size: 4, to: %i[keep store])
      consumer(:keep) { |batch| sleep(0.01).then { @out.concat(batch) } }
      spawn_fork(:store) { |batch| sleep(0.01).then { @out.concat(batch) } }
    end
    slow.run

    expect(slow.out.tally).to eq((0...6).to_h { |n| [n, 2] })
  end

  it "lets a producer of twenty items end before its successor has worked" do
    gate = Queue.new
    line = pipeline do |p|
      p.add_stage(:producer, :gen, after: -> { gate << :open }) { 20.times { |n| emit n } }
      p.add_stage(:processor, :wait) { |n| [gate.pop, gate << :open].then { emit n } }
      p.add_stage(:consumer, :keep) { |n| n }
    end

    expect(line.run(Object.new)).to eq(20)
  end

  it "holds no more than its queues, however fast the producer" do
    made = worked = ahead = 0
    line = pipeline do |p|
      2.times { |i| p.add_stage(:producer, :"gen#{i}", to: :keep) { 20_000.times { |n| emit(n.tap { made += 1 }) } } }
      p.add_stage(:consumer, :keep) do |_|
        ahead = [ahead, made - worked].max
        worked += 1
      end
    end
    line.run(Object.new)

    expect(worked).to eq(40_000)
    expect(ahead).to be < 5_000
  end

  it "does not deadlock, whatever the fan-out and depth" do
    deep = job do
      producer(:gen) { 20.times { emit 0 } }
      30.times { |i| processor(:"stage#{i}") { |n| (i % 10 == 0 ? 5 : 1).times { emit n + 1 } } }
      consumer(:keep) { |n| @out << n }
    end
    deep.run

    expect(deep.out.tally).to eq({ 30 => 20 * 125 })
  end

  it "follows the plan: a stage of the chain runs in the thread of the one before" do
    threads = { a: [], b: [] }
    job do
      producer(:gen) { 5.times { |n| emit n } }
      processor(:a) { |n| emit n.tap { threads[:a] << Thread.current } }
      processor(:b) { |n| emit n.tap { threads[:b] << Thread.current } }
      consumer(:keep) { |n| n }
    end.run

    expect(threads[:a]).to eq(threads[:b])
  end

  it "does not use the thread that called it" do
    threads = []
    job { producer(:gen) { threads << Thread.current } }.run

    expect(threads).not_to include(Thread.current)
  end

  it "may be repeated, with one object or several" do
    first, second = Array.new(2) { klass.new }

    expect([first.run, first.run, second.run]).to eq([3, 3, 3])
    expect(first.out).to eq([1, 2, 3, 1, 2, 3])
    expect(second.out).to eq([1, 2, 3])
  end

  it "knows stages defined since the last one" do
    klass.new.run
    klass.class_exec do
      producer(:other, to: :more) { emit :x }
      consumer(:more) { |item| @out << item }
    end

    expect(klass.new.tap(&:run).out).to contain_exactly(1, 2, 3, :x)
  end

  it "may go on in several threads of one process" do
    jobs = Array.new(6) { klass.new }

    expect(jobs.map { |each| Thread.new { each.run } }.map(&:value)).to eq([3] * 6)
    expect(jobs.map(&:out)).to eq([[1, 2, 3]] * 6)
  end

  it "may go on inside a block of another, at every kind of stage" do
    inner = klass
    outer = job do
      before_run { @out << inner.new.run }
      producer(:gen) { emit inner.new.run }
      processor(:work) { |n| emit n + inner.new.run }
      accumulator(:pack) { |batch| batch + [inner.new.run] }
      pipeline(:nested) { processor(:more) { |batch| emit batch << inner.new.run } }
      consumer(:keep) { |batch| @out.concat(batch << inner.new.tap(&:run).out.sum) }
      after_run { @out << inner.new.run }
    end
    outer.run

    expect(outer.out).to eq([3, 6, 3, 3, 6, 3])
  end

  it "of a pipeline object is refused while another one of it goes on" do
    refused = nil
    line = pipeline do |p|
      p.add_stage(:producer, :gen) do
        line.run(Object.new)
      rescue Minigun::Error => e
        refused = e
      end
    end
    line.run(Object.new)

    expect(refused).to be_a(Minigun::Error)
  end

  it "without any stage, or without items, gives 0" do
    expect(job.run).to eq(0)
    expect(pipeline.run(Object.new)).to eq(0)
    expect(job { producer(:gen) { nil } }.run).to eq(0)
    expect(job { consumer(:keep) { |n| @out << n } }.run).to eq(0)
  end

  it "delivers every item once to each terminal stage, as it comes" do
    arrived = Queue.new
    line = job do
      producer(:gen) do
        1_000.times { |n| emit n }
        emit arrived.pop.then { :more }
      end
      consumer(:keep) { |n| @out << n.tap { arrived << n } }
    end
    line.run

    expect(line.out).to eq([*0...1_000, :more])
  end

  it "leaves nothing behind", :no_leaks do
    3.times { klass.new.run }
  end
end
