# frozen_string_literal: true

require "spec_helper"
require_relative "interrupts/storm"

# INTERRUPTS=n sends so many in all, STORM_SEED repeats the storm of a seed.
RSpec.describe "Interrupts at every wait", :interrupting, :stress, limit: 600 do
  share = Integer(ENV.fetch("INTERRUPTS", 100_000)) / Interrupts::SHAPES.size
  chosen = ENV["STORM_SEED"]&.to_i

  def expect_fine(cases, **options, &check)
    faults = Cases.run(cases, silence: 40, jobs: 2, **options, &check)
    texts = faults.map { |index, fault| "#{cases[index].inspect}: #{fault}" }

    expect(texts).to be_empty, texts.join("\n")
  end

  it "cost the items in hand, in the books, and nothing else" do
    expect_fine(Interrupts::SHAPES.keys) do |name|
      sent = 0
      seed = chosen || (Random.new_seed % 1_000_000)
      while sent < share
        storm = Interrupts::Storm.new(Interrupts::SHAPES.fetch(name)[:text], items: 20_000, seed: seed)
        fault = storm.fault
        break "#{fault}\n  again: STORM_SEED=#{seed} rspec spec/stress/interrupts_spec.rb" if fault
        break if chosen

        sent += storm.sent
        seed += 1
      end
    end
  end

  it "leave a run alone that only handles signals" do
    expect_fine(%w[USR1 INT HUP]) do |signal|
      heard = 0
      former = trap(signal) { heard += 1 }
      job = Interrupts::Storm.new("producer(:gen) { N.times { |n| emit n; poke } }\nprocessor(:a, threads: 2) { |n| emit n }\n",
                                  items: 2_000, seed: 1)
      job.define_singleton_method(:poke) { Process.kill(signal, Process.pid) && Thread.pass }
      fault = job.fault
      trap(signal, former || "DEFAULT")
      fault || (heard.zero? ? "no signal was heard" : nil)
    end
  end

  it "in pairs leave nobody waiting, in joins of contexts and in runs" do
    waits = {
      "a thread's join" => -> { Minigun::Execution.create_context(:thread, "t").execute { sleep }.join },
      "a child's join" => -> { Minigun::Execution.create_context(:fork, "f").execute { sleep }.join },
      "a run" => -> { Interrupts.sleeper.perform },
      "a forked run" => -> { Interrupts.sleeper(", execution: :cow_fork, max: 1").perform },
      "a run with workers" => -> { Interrupts.sleeper(", execution: :ipc_fork, max: 1").perform }
    }
    expect_fine(waits.keys * 40) do |name|
      begun = Thread::Queue.new
      thread = Thread.new do
        begun << true
        waits.fetch(name).call
      rescue Interrupts::Poke
        :poked
      end
      thread.report_on_exception = false
      begun.pop
      sleep(rand * 0.01)
      thread.raise(Interrupts::Poke)
      thread.kill
      thread.join(20) ? nil : "is still there: #{thread.backtrace&.first(5)}"
    end
  end

  # What a run's object and pipeline answer to.
  calls = {
    "running?" => ->(job) { job.running? }, "stop" => ->(job) { job.stop }, "run" => ->(job) { job.run },
    "another run" => ->(job) { job.class.new.run }, "drain" => ->(job) { job._minigun_task.root_pipeline.drain },
    "stats" => ->(job) { job._minigun_task.root_pipeline.stats.to_h }, "last_result" => ->(job) { job.last_result },
    "explain" => ->(job) { job._minigun_task.explain }, "perform" => ->(job) { job.perform },
    "a context" => ->(_) { Minigun::Execution.create_context(:thread, "t").execute { 1 }.join },
    "a forked context" => ->(_) { Minigun::Execution.create_context(:fork, "f").execute { 1 }.join },
    "a definition" => ->(job) { job.class.consumer(:late) { |n| n } }
  }

  it "may call every method from a handler of theirs, and get an answer or an error" do
    expect_fine(calls.keys) do |name|
      Minigun.logger = Logger.new(nil) # one with a device has a lock, which a handler can't take
      job = Interrupts.sleeper
      outcome = nil
      trap("USR1") do
        outcome = [calls.fetch(name).call(job)]
      rescue StandardError, ScriptError => e
        outcome = e
      end
      job.run(background: true)
      sleep 0.01 until job._minigun_task&.root_pipeline&.latest_run&.live?
      Process.kill("USR1", Process.pid)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 15
      sleep 0.005 until outcome || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      job.stop
      outcome ? (job.running? ? "still runs" : nil) : "the handler never returned"
    end
  end
end
