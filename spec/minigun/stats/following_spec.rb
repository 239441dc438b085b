# frozen_string_literal: true

RSpec.describe Minigun::Stats::Following do
  def stats_of(job, stage)
    job.run
    job._minigun_task.root_pipeline.stats.stage_stats.fetch(stage)
  end

  let(:blocking) do
    Class.new do
      include Minigun::DSL
      max_threads 4
      producer(:numbers) { 40.times { |number| emit number } }
      consumer(:wait) { |_| sleep 0.003 }
    end
  end

  let(:throttled) do
    Class.new do
      include Minigun::DSL
      pipeline do
        producer(:numbers) { |output| 30.times { |number| output << number } }
        processor(:quick, threads: 1) { |number, output| output << number }
        consumer(:slow, threads: 1, queue_size: 2) { |_| sleep 0.003 }
      end
    end
  end

  it "tells where the time of a stage went, so that the bottleneck shows" do
    job = throttled.new
    slow = stats_of(job, :slow)
    quick = job._minigun_task.root_pipeline.stats.stage_stats.fetch(:quick)
    expect(slow.running).to be > 0.08
    expect(slow.waiting_for_input).to be < slow.running
    expect(quick.waiting_for_room).to be > quick.running
  end

  it "tells how many workers a stage got, and why" do
    job = blocking.new
    wait = stats_of(job, :wait)
    numbers = job._minigun_task.root_pipeline.stats.stage_stats.fetch(:numbers)
    expect([wait.workers, wait.workers_reason]).to eq([4, "it proved to block"])
    expect([numbers.workers, numbers.workers_reason]).to eq([1, "it works on one item at a time"])
    expect(wait.to_s).to include("Workers: 4 (it proved to block)").and include("waiting for items")
  end

  it "tells how many worker processes a stage got, and why" do
    staff = [[:ipc_fork, 5], [:cow_fork, 1]].map do |context, count|
      job = Class.new do
        include Minigun::DSL
        producer(:numbers) { count.times { |n| emit n } }
        processor(:work, execution: context, max: 3) { |n| emit n }
        consumer(:keep) { |n| n }
      end.new
      stats_of(job, :work).then { |stats| [stats.workers, stats.workers_reason] }
    end

    expect(staff).to eq([[3, "it was given as many"], [1, "no more were needed"]])
  end

  it "keeps them when the run is over, also through Marshal" do
    copy = Marshal.load(Marshal.dump(stats_of(blocking.new, :wait)))
    expect([copy.workers, copy.running.positive?]).to eq([4, true])
  end

  it "tells nothing of a stage that was in no run" do
    stats = Minigun::Stats.new(:idle)
    expect([stats.running, stats.waiting_for_input, stats.waiting_for_room, stats.workers, stats.workers_reason])
      .to all(be_nil)
    expect(stats.to_s).not_to include("Workers")
  end
end
