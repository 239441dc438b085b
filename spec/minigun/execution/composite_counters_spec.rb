# frozen_string_literal: true

RSpec.describe "Minigun::Execution::CompositeCounters" do
  def stats_of(&definition)
    job = Class.new { include Minigun::DSL }.tap { |made| made.class_eval(&definition) }
    job.new.run
    job._minigun_task.root_pipeline.stats.stage_stats
  end

  it "count what enters and leaves a nested pipeline" do
    stats = stats_of do
      producer(:gen) { 3.times { |n| emit n } }
      pipeline(:inner) do
        processor(:twice) { |n| 2.times { emit n } }
        processor(:again) { |n| 2.times { emit n } }
      end
      consumer(:keep) { |n| n }
    end

    expect(stats[:inner]).to have_attributes(items_consumed: 3, items_produced: 12)
    expect(stats[:inner].start_time).to be_between(stats[:gen].start_time, stats[:keep].start_time)
    expect(stats[:inner].end_time).to eq(stats[:keep].end_time)
  end

  it "count what a source pipeline forwards" do
    stats = stats_of do
      pipeline(:source, to: :keep) { producer(:gen) { 4.times { |n| emit n } } }
      consumer(:keep) { |n| n }
    end

    expect(stats[:source]).to have_attributes(items_consumed: 0, items_produced: 4)
  end
end
