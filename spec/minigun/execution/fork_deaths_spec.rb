# frozen_string_literal: true

require "spec_helper"
require_relative "fork_pool_helper"

RSpec.describe Minigun::Execution::ForkPool, :interrupting, :no_leaks, limit: 300 do
  include ForkPoolHelper

  def die(how)
    how.is_a?(Symbol) ? Process.kill(how, Process.pid) && sleep : exit!(how)
  end

  def kill_one
    pid = children_of(Process.pid).sample
    Process.kill(:KILL, pid) if pid
  rescue Errno::ESRCH
    nil
  end

  # Counts, in shared memory of a file, how often something happened in any process.
  def tally
    file = Tempfile.new
    yield(-> { File.open(file.path, "a") { |io| io.write(".") } }, -> { File.size(file.path) })
  ensure
    file.close!
  end

  it "tells of an item that can't be shown, too" do
    mute = Class.new { def inspect = raise("no") }.new
    run, = drive([mute], :cow_fork, policy: { max_retries: 0 }) { |_, _| die(:KILL) }
    (item, error), = run.failures

    expect(item).to be(mute)
    expect(error.message).to match(/\Aworker \d+ was killed by SIGKILL with an item that can't be shown in its hands/)
  end

  %i[ipc_fork cow_fork].each do |kind|
    describe kind do
      { KILL: [9, nil], TERM: [15, nil], ABRT: [6, nil], 0 => [nil, 0], 7 => [nil, 7] }.each do |how, (signal, status)|
        it "fails the item that every worker dies of (#{how}), by name, and nothing else" do
          tally do |count, total|
            run, input = drive((1..60).to_a, kind, policy: { max_retries: 2 }) do |item, out|
              if item == 30
                count.call
                $stderr.reopen(File::NULL)
                die(how)
              end
              out << item
            end

            expect(run.outputs).to match_array([*1..29, *31..60])
            expect(total.call).to eq(3)
            expect([input.settled, run.consumed, run.failures.size]).to eq([60, 60, 1])
            item, error = run.failures[0]
            expect([item, error.class, error.item, error.stage]).to eq([30, Minigun::WorkerDied, 30, :work])
            expect([error.signal, error.status&.exitstatus]).to eq([signal, status])
            expect(log.string).to include("30 in its hands")
          end
        end
      end

      it "retries an item whose worker died once" do
        tally do |count, total|
          run, = drive((1..40).to_a, kind, workers: 3) do |item, out|
            count.call if item == 20
            die(:KILL) if item == 20 && total.call == 1
            out << item
          end
          expect(run.outputs).to match_array(1..40)
          expect(run.failures).to be_empty
        end
      end

      it "doesn't retry where max_retries is 0" do
        run, = drive([1, 2], kind, policy: { max_retries: 0 }) { |item, out| item == 1 ? die(:KILL) : out << item }
        expect(run.outputs).to eq([2])
        expect(run.failures.map(&:first)).to eq([1])
      end

      it "keeps the order over deaths" do
        tally do |count, total|
          run, = drive((1..50).to_a, kind, ordered: true, policy: { max_retries: 1 }) do |item, out|
            die(:KILL) if item == 25 || (item == 40 && (count.call && total.call == 1))
            out << item
          end
          expect(run.outputs).to eq([*1..24, *26..50])
        end
      end

      it "fails every item where all kill their workers" do
        run, = drive((1..6).to_a, kind, policy: { max_retries: 1 }) { |_, _| die(:KILL) }
        expect(run.failures.map(&:first)).to match_array(1..6)
      end

      it "ends the run where workers exit before they begin" do
        run, = drive((1..6).to_a, kind, after_fork: [proc { exit!(4) }]) { |item, out| out << item }
        expect(run.cancelled).to be_a(Minigun::WorkerDied)
        expect(run.cancelled.message).to include("exited with status 4")
      end

      it "loses and doubles nothing while workers are killed at random" do
        run = FakeRun.new { |item, out| busy(0.0001) and out << item }
        stop, through = false, -1
        killer = Thread.new do
          until stop
            sleep 0.02
            kill_one unless through == (through = run.outputs.size) # or none would ever come to anything
          end
        end
        pool_for(run, kind, policy: { max_retries: 50 }) { |pool| pool.drive(FakeRun::Input.new((1..3000).to_a), nil) }
        stop = true
        killer.join

        expect(run.outputs.sort).to eq((1..3000).to_a)
        expect(run.failures).to be_empty
      end

      it "takes its workers along when it is shut down" do
        run = FakeRun.new { sleep }
        pids = pool_for(run, kind) do |pool|
          driver = Thread.new { pool.drive(FakeRun::Input.new([1, 2]), nil) }
          wait_until { children_of(Process.pid).size == 2 }
          driver.kill.join
          children_of(Process.pid)
        end
        expect(pids.map { |pid| File.exist?("/proc/#{pid}") }).to eq([false, false])
      end

      it "takes along workers that will not hear" do
        run = FakeRun.new do
          trap("TERM") {}
          loop { sleep }
        end
        pool_for(run, kind) do |pool|
          driver = Thread.new { pool.drive(FakeRun::Input.new([1, 2]), nil) }
          wait_until { children_of(Process.pid).size == 2 }
          driver.kill.join
        end
        expect(children_of(Process.pid)).to be_empty
      end

      it "leaves no workers behind when its process is killed", :forks_beside_threads do
        from, to = IO.pipe
        victim = fork do
          drive((1..4).to_a, kind) do
            to.puts(Process.pid)
            loop { sleep }
          end
        end
        pids = Array.new(2) { Integer(from.gets) }
        Process.kill(:KILL, victim)
        Process.wait(victim)
        wait_until(within: 3) { pids.none? { |pid| running?(pid) } }
      ensure
        [from, to].each(&:close)
      end

      it "is refused a process within a time limit" do
        stub_const("Minigun::Execution::ChildProcess::FORK_DEADLINE", 0.2)
        allow(Process).to receive(:fork) { sleep }
        run = FakeRun.new { |item, out| out << item }
        expect do
          pool_for(run, kind) { |pool| pool.drive(FakeRun::Input.new([1, 2]), nil) }
        end.to raise_error(Minigun::Error, /no process/)
      end

      it "says so where no descriptor is left" do
        skip "counts descriptors in /proc" unless File.directory?("/proc/self/fd")
        limit = Process.getrlimit(:NOFILE)
        run = FakeRun.new { |item, out| out << item }
        pool_for(run, kind) { |pool| pool } # loads what is loaded on demand, while that can be opened
        held = []
        GC.start # or it closes forgotten files when they would make room
        GC.disable
        Process.setrlimit(:NOFILE, Dir.children("/proc/self/fd").size + 3, limit[1])
        begin
          loop { held << File.open(File::NULL) }
        rescue Errno::EMFILE
          nil
        end
        error = begin
          pool_for(run, kind) { |pool| pool.drive(FakeRun::Input.new([1]), nil) }
        rescue SystemCallError => e
          e
        end
        Process.setrlimit(:NOFILE, *limit)
        expect(error).to be_a(Errno::EMFILE).and have_attributes(message: /Stage:work\] for its 2 workers: .*ulimit -n/)
      ensure
        GC.enable
        Process.setrlimit(:NOFILE, *limit)
        held&.each(&:close)
      end
    end
  end

  def running?(pid)
    stat = File.read("/proc/#{pid}/stat")
    stat[(stat.rindex(")") + 2)] != "Z"
  rescue Errno::ENOENT, Errno::ESRCH
    false
  end
end
