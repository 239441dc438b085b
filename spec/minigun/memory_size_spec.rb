# frozen_string_literal: true

require "spec_helper"
require "objspace"

RSpec.describe "The objects of the extension" do
  it "tell how much memory they take" do
    held = []
    job = Class.new do
      include Minigun::DSL
      producer(:gen) { |output| (held << output) && (output << 1) }
      stage(:loop) { |input, output| (held << input) && (output << input.pop) }
      consumer(:keep) { |n| n }
    end.new
    job.run
    pipeline = job._minigun_task.root_pipeline
    held.push(pipeline.latest_run, pipeline.dag, Minigun::Execution::Exchange.new(1, 4096), Minigun::Native::Machine.allocate)

    expect(held.map { |object| ObjectSpace.memsize_of(object) }).to all(be > 16)
  end
end
