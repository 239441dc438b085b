# frozen_string_literal: true

require "spec_helper"

RSpec.describe "A worker that waits for items" do
  # The run's count after something was done to the idle worker of the stage :keep.
  def with_idle_worker
    gate, seen = Thread::Queue.new, Thread::Queue.new
    job = Class.new do
      include Minigun::DSL
      producer(:gen) { [1, 2].each { |n| emit n.tap { gate.pop } } }
      consumer(:keep, queue_size: 1, threads: 1) { |n| seen << n }
    end.new
    running = Thread.new { job.perform }
    running.report_on_exception = false
    gate << :one
    seen.pop # now there is a worker for :keep, which waits
    yield idle_worker(job)
    gate << :two
    running.value.tap { expect(seen.pop).to eq(2) }
  ensure
    running&.kill&.join
  end

  def idle_worker(job)
    run = job._minigun_task.root_pipeline.latest_run
    found = nil
    wait_until { found = run.workers.find { |thread, activity, _| activity == :waits_for_items && thread.status == "sleep" } }
    found.first
  end

  def heard(thread) = wait_until { !thread.alive? || !thread.pending_interrupt? }

  it "has no item to blame for an error that is raised into it, and goes on" do
    expect(with_idle_worker { |thread| thread.raise("in vain").then { heard(thread) } }).to eq(2)
  end

  it "isn't ended by a cancellation where the run isn't cancelled" do
    expect(with_idle_worker { |thread| thread.raise(Minigun::Cancelled).then { heard(thread) } }).to eq(2)
  end

  it "is replaced when it is killed" do
    expect(with_idle_worker { |thread| thread.kill.join }).to eq(2)
  end

  it "stops the run with any other exception", :unlogged do
    odd = Class.new(Exception) # rubocop:disable Lint/InheritException

    expect { with_idle_worker { |thread| thread.raise(odd, "stop") } }.to raise_error(odd, "stop")
  end
end
