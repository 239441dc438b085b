# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Explanation do
  let(:job) do
    Class.new do
      include Minigun::DSL
      producer(:numbers) { 40.times { |n| emit n } }
      processor(:fast) { |n| emit n }
      processor(:slow) { |n| sleep 0.002 and emit n }
      processor(:pool, threads: 3) { |n| emit n }
      consumer(:keep) { |n| n }
    end
  end

  it "shows the plan before a run: what runs together, and why queues stand where they do" do
    text = job._minigun_task.explain(job.new)

    expect(text).to include("numbers -> fast -> slow").and include("a queue before pool: it has workers of its own")
    expect(text).not_to include("waits for items")
  end

  it "shows after a run what was measured, and what the run changed" do
    object = job.new
    object.run
    text = object._minigun_task.explain

    expect(text).to match(/before slow: it proved to block/).and match(/^slow +each +thread +1 +40 +40 +0 /)
    expect(text).to include("waits for items").and include("waits for room")
  end

  it "shows a chain of native stages as one segment, with its threads" do
    object = Class.new do
      include Minigun::DSL
      native :read, lines: __FILE__, workers: 2
      native :some, grep: "it", workers: 2
      processor(:strip) { |line| emit line.strip }
      native :kinds, distinct: true, workers: 3
      native :first, top: 2, workers: 3
      consumer(:keep) { |line| line }
    end.new
    expect(object.class._minigun_task.explain(object)).to start_with(<<~TEXT.chomp)
      pipeline default: 6 stages in 4 segments
      segment 1 (native, 2 at a time): read -> some
      segment 2 (one thread): strip
        a queue before strip: it follows native stages
      segment 3 (native, 3 at a time): kinds -> first
        a queue before kinds: it has workers of its own
      segment 4 (one thread): keep
        a queue before keep: it follows native stages
    TEXT

    object.run
    expect(object._minigun_task.explain)
      .to match(/^read +producer +native +2 /).and match(/^some +each +native +2 /).and match(/^first +each +native +3 /)
  end

  it "shows that a stage for ractors ran on threads" do
    object = Class.new do
      include Minigun::DSL
      producer(:numbers) { 4.times { |n| emit n } }
      processor(:work, execution: :ractor, max: 2, timeout: 60) { |n| emit n }
      consumer(:keep) { |n| n }
    end.new
    logger, Minigun.logger = Minigun.logger, Logger.new(log = StringIO.new)
    object.run
    Minigun.logger = logger

    expect(object._minigun_task.explain).to include("(thread, 2 at a time): work").and match(/^work +each +thread +2 +4 +4 /)
    expect(log.string).to include("[Pipeline:default][Stage:work] on threads instead of ractors: ")
  end
end
