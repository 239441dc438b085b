# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Signals during a run" do
  # A program whose stages run until a signal comes; it prints what it sees.
  def program(body, before: "", run: "Job.new.run")
    <<~RUBY
      $stdout.sync = true
      #{before}
      class Job
        include Minigun::DSL
        #{body}
      end
      #{run}
      puts "ran"
    RUBY
  end

  let(:endless) { "producer(:gen) { Process.kill(SIGNAL, $$); loop { emit 1; sleep 0.001 } }\nconsumer(:keep) { |n| n }" }

  # A drain can't end it.
  let(:endless_item) { <<~RUBY }
    drain_timeout false
    producer(:gen) { emit 1 }
    consumer(:keep) do |_|
      Thread.new { 2.times { Process.kill(:INT, $$); sleep 0.3 } }
      sleep
    end
  RUBY

  def interrupted(signal, body = endless, **parts)
    minigun("SIGNAL = :#{signal}; #{program(body, **parts)}", within: 25)
  end

  %w[INT TERM QUIT].each do |signal|
    it "#{signal} ends an endless run, and then takes its course" do
      ended = interrupted(signal)

      expect(ended.out).to eq("")
      expect(ended.status.termsig).to eq(Signal.list.fetch(signal))
    end
  end

  it "INT reaches the handler of the host program after the run" do
    ended = interrupted("INT", before: 'trap("INT") { puts "mine"; exit 3 }')

    expect(ended.out).to eq("mine\n")
    expect(ended.status.exitstatus).to eq(3)
  end

  it "INT without a runner is Ruby's own Interrupt" do
    ended = interrupted("INT", run: "begin; Job.new.perform; rescue Interrupt; puts 'Interrupt'; end")

    expect(ended.out).to eq("Interrupt\nran\n")
  end

  it "a drain ends at its deadline though the logger fails" do
    ended = interrupted("INT", <<~RUBY, before: <<~SETUP)
      drain_timeout 0.6
      producer(:gen) { emit 1 }
      consumer(:keep) { |_| Process.kill(SIGNAL, $$); sleep }
    RUBY
      Minigun.logger = Class.new(Logger) { def warn(*) = raise("full") }.new(File::NULL)
    SETUP

    expect(ended.status.termsig).to eq(Signal.list.fetch("INT"))
  end

  it "a run that takes its time to finish tells that it was told to" do
    ended = interrupted("INT", <<~RUBY, before: <<~SETUP)
      producer(:gen) { emit 1 }
      consumer(:keep) { |_| Process.kill(SIGNAL, $$); puts TOLD.pop }
    RUBY
      TOLD = Queue.new
      Minigun.logger.define_singleton_method(:warn) { |text| TOLD << text }
    SETUP

    expect(ended.out).to match(/Pipeline:default.*INT: finishing what was accepted, for 10 s at most.*second signal/)
  end

  it "INT ends at once a run that hasn't begun, and can't be drained" do
    ended = interrupted("INT", "before_run { Process.kill(SIGNAL, $$); sleep }\n#{endless}", run: "begin; Job.new.run; rescue Interrupt; puts 'Interrupt'; end")

    expect(ended.out).to eq("Interrupt\nran\n")
  end

  it "TERM ends at once a run on another thread that can't be drained, and then takes its course" do
    ended = interrupted("TERM", "before_run { Process.kill(SIGNAL, $$); sleep }\n#{endless}", before: <<~SETUP, run: <<~RUN)
      TOLD = Queue.new
      trap("TERM") { TOLD << :host }
    SETUP
      runner = Thread.new { Job.new.run }
      runner.report_on_exception = false
      begin
        runner.join
      rescue SignalException => e
        puts e.message, TOLD.pop
      end
    RUN

    expect(ended.out).to eq("SIGTERM\nhost\nran\n")
  end

  it "INT takes its course also where an earlier one is being dealt with" do
    ended = interrupted("INT", run: "begin; raise Interrupt; rescue Interrupt; Job.new.run; end")

    expect(ended.out).to eq("")
    expect(ended.status.termsig).to eq(Signal.list.fetch("INT"))
  end

  it "a second INT leaves run as Ruby's own Interrupt, also where the host has a handler" do
    ended = interrupted("INT", endless_item, before: 'trap("INT") { nil }',
                                             run: "begin; Job.new.run; rescue Interrupt; puts 'Interrupt'; end")

    expect(ended.out).to eq("Interrupt\nran\n")
  end

  it "TERM leaves no child behind" do
    ended = interrupted("TERM", <<~RUBY, before: 'at_exit { begin; Process.wait; rescue Errno::ECHILD; puts "none"; end }')
      producer(:gen) { 4.times { |n| emit n } }
      accumulator(:pack, max_size: 1)
      spawn_fork(:keep) { |n| Process.kill(SIGNAL, Process.ppid) if n == [0]; sleep 0.05 }
    RUBY

    expect(ended.out).to eq("none\n")
    expect(ended.status.termsig).to eq(Signal.list.fetch("TERM"))
  end

  it "a second INT does not wait for a block that never ends" do
    ended = interrupted("INT", endless_item)

    expect(ended.err.scan(/Interrupt/).size).to eq(1)
    expect(ended.status.termsig).to eq(Signal.list.fetch("INT"))
  end

  context "in a child that a stage's block forks" do
    # The block's child tells that it is there, and waits to be told to end.
    let(:parent) { <<~RUBY }
      producer(:gen) { emit 1 }
      consumer(:keep) do |_|
        reader, writer = IO.pipe
        pid = fork { CHILD.call; writer.write("."); sleep }
        reader.read(1)
        Process.kill(:TERM, pid)
        puts Process.wait2(pid).last.termsig.inspect
      end
    RUBY

    it "TERM ends it" do
      expect(minigun(program(parent, before: "CHILD = proc {}")).out).to eq("15\nran\n")
    end

    it "TERM ends it also when it has made a run of its own" do
      inner = <<~RUBY
        CHILD = proc do
          job = Class.new { include Minigun::DSL; producer(:one) { emit 1 }; consumer(:none) { |_| } }
          job.new.run
        end
      RUBY

      expect(minigun(program(parent, before: inner)).out).to eq("15\nran\n")
    end

    it "TERM reaches the handler that the host program had before the run" do
      handler = 'CHILD = proc {}; trap("TERM") { $stdout.write("mine\n"); $stdout.flush; trap("TERM", "SYSTEM_DEFAULT"); Process.kill(:TERM, $$) }'

      expect(minigun(program(parent, before: handler)).out).to eq("mine\n15\nran\n")
    end
  end
end
