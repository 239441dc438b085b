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
end
