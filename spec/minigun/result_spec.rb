# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Result do
  def job(&definition)
    Class.new do
      include Minigun::DSL
      class_eval(&definition)
    end.new
  end

  before do
    @logger = Minigun.logger
    Minigun.logger = Logger.new(@log = StringIO.new)
  end

  after { Minigun.logger = @logger }

  it "tells the fate of each item, stage by stage and in all" do
    object = job do
      producer(:gen) { 30.times { |n| emit n } }
      processor(:one) { |n| n == 7 ? raise("bad") : emit(n) }
      processor(:two, on_error: :dead_letter) { |n| n > 27 ? raise("worse") : emit(n) }
      accumulator(:pack, max_size: 10)
      consumer(:keep) { |batch| batch }
    end
    expect(object.last_result).to be_nil
    expect(object.run).to eq(27)

    result = object.last_result
    expect(result.stage(:one)).to have_attributes(accepted: 30, done: 29, skipped: 1, produced: 29, undelivered: 1)
    expect(result.stage(:two)).to have_attributes(accepted: 29, done: 27, dead: 2)
    expect(result.stage("pack")).to have_attributes(accepted: 27, done: 27, produced: 3)
    expect(result).to have_attributes(skipped: 1, dead: 2, failed: 0, cancelled: 0, error_count: 3, worker_deaths: 0,
                                      error: nil, drained?: false, ok?: false, undelivered: 3)
    expect(result.errors.map { |error| [error.stage, error.item, error.error.message] })
      .to contain_exactly([:one, 7, "bad"], [:two, 28, "worse"], [:two, 29, "worse"])
    expect(result.dead_letters.map(&:item)).to contain_exactly(28, 29)
    expect(result.duration).to be_between(0, 60)
    expect(object._minigun_task.last_result).to be(result)
    expect(result.to_h).to include(skipped: 1, dead: 2)
  end

  it "says in one line of the log what was not delivered, if anything wasn't" do
    job { producer(:gen) { emit 1 }; consumer(:keep) { |n| n } }.run # rubocop:disable Style/Semicolon
    expect(@log.string).not_to include("WARN")

    job { producer(:gen) { 3.times { |n| emit n } }; consumer(:keep) { |_| raise "bad" } }.run # rubocop:disable Style/Semicolon
    expect(@log.string.lines.grep(/WARN/)).to contain_exactly(/3 items were not delivered: 3 skipped \(\w+: 3 of 3\)$/)
  end

  it "tells in words what was not delivered, and at which stages, but not more of them than a line holds" do
    object = job do
      producer(:gen) { 12.times { |n| emit n } }
      6.times { |stage| processor(:"s#{stage}", on_error: stage.zero? ? :dead_letter : :skip) { |n| n == stage ? raise("bad") : emit(n) } }
      consumer(:keep) { |n| n }
    end
    object.run

    expect(object.last_result.to_s)
      .to eq("6 items were not delivered: 5 skipped, 1 dead letter (s0: 1 of 12, s1: 1 of 11, s2: 1 of 10, s3: 1 of 9, 2 stages more)")
  end

  it "tells in words of producers that ended early and of what ended the run" do
    object = job do
      producer(:gen) { raise "bad source" if emit(1).nil? }
      producer(:other) { emit 2 }
      consumer(:keep, from: %i[gen other]) { |n| n }
    end
    object.run
    expect(object.last_result).to have_attributes(to_s: "all items were delivered; gen ended early", ended_early: [:gen], ok?: false)

    object = job { producer(:gen, on_error: :raise) { raise KeyError, "no source" } }
    expect { object.run }.to raise_error(KeyError)
    expect(object.last_result.to_s).to eq("there were no items; gen ended early; the run ended with KeyError")
  end

  it "keeps a hundred errors and counts the rest" do
    object = job { producer(:gen) { 300.times { |n| emit n } }; consumer(:keep) { |_| raise "bad" } } # rubocop:disable Style/Semicolon
    object.run

    expect(object.last_result).to have_attributes(error_count: 300, skipped: 300, errors: have_attributes(size: 100))
  end

  it "holds the items that a stopped run did not deal with" do
    object = job do
      producer(:gen) { 10.times { |n| emit n } }
      processor(:work, threads: 1) { |n| n == 4 ? raise(NotImplementedError, "stop") : emit(n) }
      accumulator(:pack, max_size: 100)
      consumer(:keep) { |batch| batch }
    end
    expect { object.run }.to raise_error(NotImplementedError)

    result = object.last_result
    expect(result.error).to be_a(NotImplementedError)
    expect(result.stage(:work).cancelled + result.stage(:work).done).to eq(10)
    of_work, of_pack = result.cancelled_items.partition { |cancelled| cancelled.stage == :work }
    expect(of_work.map(&:item)).to match_array(4..9)
    expect(of_pack.map(&:item)).to match_array([*0..3].first(result.stage(:pack).cancelled))
  end

  it "holds the items that a stage did not take" do
    object = job do
      producer(:gen) { 10.times { |n| emit n } }
      stage(:two) { |input, _output| 2.times { input.pop } }
    end
    object.run

    result = object.last_result
    expect(result.stage(:two)).to have_attributes(accepted: 10, done: 2, cancelled: 8)
    expect(result.cancelled_items.map(&:item)).to match_array(2..9)
  end

  it "counts what a child sent to a stage that had ended" do
    object = job do
      producer(:gen) { emit 1 }
      stage(:take) { |input, output| output << input.pop }
      processor(:late, processes: 1, execution: :ipc_fork) { |n, output| output.to(:take) << n }
    end
    object.run

    result = object.last_result
    expect(result.stage(:late)).to have_attributes(accepted: 1, done: 1)
    expect(result.stage(:take)).to have_attributes(accepted: 2, done: 1, cancelled: 1)
    expect(result.cancelled_items.map(&:item)).to eq([1])
    expect(@log.string).to match(/Stage:take\] had ended: 1 item/)
  end

  it "is there when the run is interrupted" do
    object = job do
      producer(:gen) { loop { emit 1 } }
      consumer(:keep) { |n| n }
    end
    expect { Timeout.timeout(0.2) { object.run } }.to raise_error(Timeout::Error)
    expect(object.last_result.error).not_to be_nil
    expect(object.last_result.stages).to all be_balanced
  end

  it "raises where the books don't balance" do
    object = job { producer(:gen) { 5.times { |n| emit n } }; consumer(:keep) { |n| n } } # rubocop:disable Style/Semicolon
    allow_any_instance_of(Minigun::Execution::Run).to receive(:ledger).and_return([5, 4, 0, 0, 0, 0])

    expect { object.run }.to raise_error(Minigun::InternalError, /don't balance/)
  end
end
