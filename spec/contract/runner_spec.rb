# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::Runner do
  let(:klass) do
    job_class do
      before_run { @out << :start }
      producer(:gen) { 2.times { |n| emit n } }
      consumer(:keep) { |n| @out << n }
      after_run { @out << :stop }
    end
  end

  let(:signals) { %w[INT TERM QUIT] }

  # Installs handlers of the host program for the time of an example.
  around do |example|
    @handlers = signals.to_h { |signal| [signal, proc { raise "not called" }] }
    before = @handlers.to_h { |signal, handler| [signal, trap(signal, handler)] }
    example.run
  ensure
    before.each { |signal, handler| trap(signal, handler) }
  end

  def handlers = signals.to_h { |signal| [signal, handler(signal)] }

  it "runs a task on a context" do
    context = klass.new
    runner = described_class.new(klass._minigun_task, context)

    expect(runner.task).to be(klass._minigun_task)
    expect(runner.context).to be(context)
    expect(runner.job_id).to match(/\A\h{8}\z/)
    expect(runner.run).to eq(2)
  end

  it "gives each run an id of its own" do
    ids = Array.new(20) { described_class.new(klass._minigun_task, klass.new).job_id }

    expect(ids.uniq.size).to eq(20)
  end

  it "leaves the program's random numbers as they are" do
    failing = job_class do
      producer(:gen) { 3.times { |n| emit n } }
      consumer(:keep, retries: 1, backoff: 0.001) { |n| raise "once more" if n.zero? }
    end
    number = in_child do
      ids = Array.new(2) { srand(7) && described_class.new(failing._minigun_task, failing.new).tap(&:run).job_id }
      [ids.uniq.size, rand(1 << 40)]
    end

    expect(number).to eq([2, Random.new(7).rand(1 << 40)])
  end

  it "fires before_run and after_run once" do
    expect(klass.new.tap(&:run).out).to eq([:start, 0, 1, :stop])
  end

  it "logs a summary at debug" do
    klass.new.run

    expect(log).to match(/DEBUG.*\b2\b/)
  end

  it "takes a context whose class has no name" do
    expect(klass._minigun_task.run(Class.new { def initialize = @out = [] }.new)).to eq(2)
  end

  it "traps INT, TERM and QUIT during a run" do
    during = nil
    outer = self
    job { producer(:gen) { during = outer.handlers } }.run

    expect(signals.select { |signal| during[signal].equal?(@handlers[signal]) }).to eq([])
  end

  describe "handlers of the host program" do
    it "are restored after a run" do
      klass.new.run

      expect(handlers).to eq(@handlers)
    end

    it "are restored after each of many runs" do
      20.times { klass.new.run }

      expect(handlers).to eq(@handlers)
    end

    it "are restored when run raises" do
      failing = job { producer(:gen) { raise NotImplementedError, "no" } }

      expect { failing.run }.to raise_error(NotImplementedError, "no")
      expect(handlers).to eq(@handlers)
    end

    it "are restored when a hook raises" do
      failing = job { before_run { raise "no" } && producer(:gen) { emit 1 } }

      expect { failing.run }.to raise_error("no")
      expect(handlers).to eq(@handlers)
    end

    it "are restored when the graph is invalid" do
      failing = job { producer(:gen, to: :nowhere) { emit 1 } }

      expect { failing.run }.to raise_error(Minigun::Error)
      expect(handlers).to eq(@handlers)
    end

    it "are restored when a timeout interrupts the run" do
      endless = job { producer(:gen) { sleep } }

      expect { Timeout.timeout(0.1) { endless.run } }.to raise_error(Timeout::Error)
      expect(handlers).to eq(@handlers)
    end

    it "are restored when runs overlap" do
      both = Queue.new
      overlapping = job_class { producer(:gen) { sleep 0.001 until (both << 1) && both.size > 1 } }
      Array.new(2) { Thread.new { overlapping.new.run } }.each(&:join)

      expect(handlers).to eq(@handlers)
    end

    it "are restored when runs are nested" do
      inner = klass
      job { producer(:gen) { emit inner.new.run } }.run

      expect(handlers).to eq(@handlers)
    end

    it "are the default ones if nothing else was there" do
      signals.each { |signal| trap(signal, "DEFAULT") }
      klass.new.run

      expect(handlers.values).to eq(%w[DEFAULT] * 3)
    end

    it "are left alone by perform" do
      during = nil
      outer = self
      job { producer(:gen) { during = outer.handlers } }.perform

      expect(during).to eq(@handlers)
    end
  end
end
