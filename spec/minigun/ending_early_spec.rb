# frozen_string_literal: true

require "spec_helper"

RSpec.describe "Ending a run early", :unlogged do
  # Counts for ever, in a class of its own.
  def endless(settings = {}, kinds: {}, pause: false, &work)
    Class.new do
      include Minigun::DSL
      attr_reader :out, :begun

      settings.each { |word, value| public_send(word, value) }
      define_method(:initialize) { @out, @begun = [], Thread::Queue.new }
      producer(:gen) do
        (1..).each do |n|
          emit n
          @begun << n if n == 100 && work.nil?
          sleep if pause && n == 100
        end
      end
      processor(:work, **kinds) do |n|
        next emit(n) unless work

        @begun << n
        instance_exec(n, &work)
      end
      accumulator(:pack, max_size: 7)
      consumer(:keep) { |batch| @out.concat(batch) }
    end.new
  end

  def started(object)
    runner = Thread.new { object.run }
    runner.report_on_exception = false
    object.begun.pop
    runner
  end

  describe "drain" do
    [{}, { threads: 2 }, { execution: :cow_fork, max: 2 }, { execution: :ipc_fork, max: 2 }].each do |kinds|
      it "finishes what was accepted, and flushes (#{kinds})" do
        runner = started(object = endless(kinds: kinds))
        expect(object.drain).to be(true)
        count = runner.value

        expect(object.out.sort).to eq([*1..count])
        expect(object.last_result).to have_attributes(drained?: true, ok?: true, cancelled: 0)
      end
    end

    it "ends the sleep of a producer" do
      runner = started(object = endless(pause: true))
      object.drain

      expect(runner.value).to eq(100)
      expect(object.out.size).to eq(100)
    end

    it "cancels the rest when it is not through in time, and says so" do
      runner = started(object = endless { |_| sleep })
      expect(object.drain(timeout: 0.1)).to be(true)

      expect { runner.value }.to raise_error(Minigun::DrainTimeout)
      expect(object.last_result).to have_attributes(drained?: false, error: an_instance_of(Minigun::DrainTimeout))
      expect(object.last_result.cancelled).to be > 0
    end

    it "takes its time from the settings" do
      runner = started(object = endless({ drain_timeout: 0.05 }) { |_| sleep })
      object.drain

      expect { runner.value }.to raise_error(Minigun::DrainTimeout)
    end

    it "is nothing without a run" do
      expect(endless.drain).to be(false)
      expect(endless.cancel).to be(false)
    end

    it "lets stop end a background run with all that it accepted" do
      object = endless
      allow($stdout).to receive(:puts)
      object.run(background: true)
      object.begun.pop
      object.stop

      expect(object).not_to be_running
      expect(object.last_result).to be_drained
      expect(object.out.size).to eq(object.last_result.stage(:work).accepted)
    end
  end

  describe "cancel" do
    it "raises Cancelled in the blocks and from run, and keeps the books" do
      seen = Thread::Queue.new
      object = endless(kinds: { threads: 2 }) do |_|
        sleep
      rescue Exception => e # rubocop:disable Lint/RescueException
        seen << e
        raise
      end
      runner = started(object)
      expect(object.cancel).to be(true)

      expect { runner.value }.to raise_error(Minigun::Cancelled)
      expect(seen.pop).to be_a(Minigun::Cancelled)
      expect(object.last_result.stages).to all be_balanced
    end

    it "tells a block once, so that its clean-up is not cut short" do
      object = endless do |_|
        sleep
      ensure
        sleep 0.6 # longer than the run takes to look again
        @out << :cleaned_up
      end
      runner = started(object)
      object.cancel

      expect { runner.value }.to raise_error(Minigun::Cancelled)
      expect(object.out).to eq([:cleaned_up])
    end
  end

  { "killed" => [:kill], "raised at" => [:raise, IOError, "enough"] }.each do |how, end_it|
    { "at a queue" => {}, "in the middle of sharing out" => { routing: :round_robin } }.each do |where, options|
      it "ends a producer alone that is #{how} while it waits #{where}; what it made goes its way" do
        go = Thread::Queue.new
        object = Class.new do
          include Minigun::DSL
          attr_reader :out, :producer

          define_method(:initialize) { @out = [] }
          producer(:gen, to: %i[keep other], **options) { (@producer = Thread.current) && 300.times { |n| emit n } }
          consumer(:keep, execution: :thread, max: 1, queue_size: 1) { |n| (go.pop if n.zero?) || @out << n }
          consumer(:other) { |n| n }
        end.new
        runner = Thread.new { object.run }
        wait_until { (run = object._minigun_task&.root_pipeline&.latest_run)&.live? && run.state(1)[:waiting_writers] }
        object.producer.public_send(*end_it)
        go << nil
        runner.join
        result = object.last_result

        expect(result.errors).to contain_exactly(have_attributes(stage: :gen, item: nil))
        expect(result.stages).to all be_balanced
        expect(result.stage(:gen).produced).to be_between(1, 299)
        expect([object.out.first(3), object.out.size]).to eq([options.empty? ? [0, 1, 2] : [0, 2, 4], result.stage(:keep).accepted])
      end
    end
  end

  it "counts as cancelled what workers have in hand whose stage doesn't end" do
    asked, answer = Thread::Queue.new, Thread::Queue.new
    stubborn = lambda do |*|
      asked << Thread.current
      answer.pop
    rescue Exception # rubocop:disable Lint/RescueException
      retry
    end
    object = endless({ shutdown_timeout: 0.05 }, kinds: { execution: :ipc_fork, max: 1, on_error: stubborn }, pause: true) { |_| raise "bad" }
    runner = Thread.new { object.run }.tap { |thread| thread.report_on_exception = false }
    left = asked.pop
    object.cancel

    expect { runner.value }.to raise_error(Minigun::Cancelled)
    expect(object.last_result.stage(:work)).to be_balanced.and(have_attributes(done: 0, skipped: 0, cancelled: be > 0))
  ensure
    answer << :skip until left.nil? || left.join(0.01)
  end

  it "leaves the thread of a block that doesn't end to itself after shutdown_timeout, and says so" do
    deaf, gate = Thread::Queue.new, Thread::Queue.new
    object = endless({ shutdown_timeout: 0.1 }) do |_|
      Thread.handle_interrupt(Object => :never) do
        deaf << Thread.current
        gate.pop
      end
    end
    thread = nil
    lines = log_of do
      runner = started(object)
      thread = deaf.pop
      object.cancel
      expect { runner.value }.to raise_error(Minigun::Cancelled)
    end

    expect(lines).to include("ERROR [Pipeline:default] a stage doesn't end; its thread is left to itself")
    expect(thread).to be_alive
    expect(object.last_result).to have_attributes(error: an_instance_of(Minigun::Cancelled))
  ensure
    gate.close
    thread&.join
  end

  it "releases what is upstream of a stage that has had enough" do
    object = Class.new do
      include Minigun::DSL
      attr_reader :out

      def initialize = @out = []
      producer(:gen) { (1..).each { |n| emit n } }
      processor(:double) { |n| emit n * 2 }
      stage(:ten) { |input, _output| 10.times { @out << input.pop } }
    end.new
    object.run

    expect(object.out).to eq((1..10).map { |n| n * 2 })
    expect(object.last_result.stage(:ten).done).to eq(10)
  end

  describe "signals" do
    # @return [Array(Process::Status, String)]
    def program
      reader, writer = IO.pipe
      pid = fork do
        reader.close
        yield writer
        exit!(0)
      ensure
        exit!(1) # Ruby 3.1 may fail to clean up the copy of a process that has had ractors
      end
      writer.close
      [reader.read, Process.wait2(pid).last].reverse
    end

    it "drain at the first one, which takes its course afterwards" do
      status, text = program do |out|
        object = endless
        Thread.new { object.begun.pop && Process.kill(:TERM, Process.pid) }
        begin
          object.run
        ensure
          result = object.last_result
          out.write([result.drained?, result.ok?, object.out.size == result.stage(:work).accepted].inspect)
        end
      end

      expect(text).to eq("[true, true, true]")
      expect(status).not_to be_success
    end

    it "cancel at the second, and end the process at the third" do
      status, text = program do |out|
        object = endless { |_| sleep }
        Thread.new do
          object.begun.pop
          2.times { Process.kill(:TERM, Process.pid) && sleep(0.2) }
        end
        begin
          object.run
        rescue SignalException => e
          out.write("#{e.message} #{object.last_result.cancelled.positive?}")
        end
      end
      expect(text).to eq("SIGTERM true")
      expect(status).not_to be_nil

      status, = program do |_|
        object = endless do |_|
          sleep
        rescue Exception # rubocop:disable Lint/RescueException
          retry
        end
        Thread.new { object.begun.pop && loop { Process.kill(:TERM, Process.pid) && sleep(0.1) } }
        object.run
      end
      expect(status.exitstatus).to eq(128 + Signal.list["TERM"])
    end

    it "leave no worker process behind at the third, whatever it does" do
      deaf = proc do
        sleep
      rescue Exception # rubocop:disable Lint/RescueException
        retry
      end
      status, text = program do |out|
        begun, told = IO.pipe
        job = Class.new do
          include Minigun::DSL
          producer(:gen, to: %i[near far]) { emit 1 }
          consumer(:near, threads: 1) { |_| told.write(".") && deaf.call }
          consumer(:far, execution: :ipc_fork, max: 1) { |_| out.write("at work") && told.write(".") && deaf.call }
        end
        Thread.new { begun.read(2) && loop { Process.kill(:TERM, Process.pid) && sleep(0.1) } }
        job.new.run
      end

      expect([status.exitstatus, text]).to eq([128 + Signal.list["TERM"], "at work"]) # at its end nobody has the pipe open
    end
  end
end
