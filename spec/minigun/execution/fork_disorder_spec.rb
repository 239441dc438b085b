# frozen_string_literal: true

require "spec_helper"
require "tmpdir"
require_relative "fork_pool_helper"

# What else can go wrong around workers than that one dies of an item.
RSpec.describe Minigun::Execution::ForkPool, :no_leaks, limit: 60 do
  include ForkPoolHelper

  # In a process of its own, because what it does to itself can't be taken back.
  def apart
    reader, writer = IO.pipe(binmode: true)
    pid = fork do
      reader.close
      Marshal.dump(yield, writer)
    rescue Exception => e # rubocop:disable Lint/RescueException
      Marshal.dump("#{e.class}: #{e.message}", writer)
    ensure
      writer.close
      exit!(true)
    end
    writer.close
    Marshal.load(reader)
  ensure
    reader.close
    Process.wait(pid)
  end

  %i[ipc_fork cow_fork].each do |kind|
    describe kind do
      it "names the signal of a crash" do
        run, = drive([1, 2, 3], kind, policy: { max_retries: 0 }) do |item, out|
          if item == 2
            $stderr.reopen(File::NULL)
            Process.setrlimit(:CORE, 0)
            Process.kill(:SEGV, Process.pid)
            sleep
          end
          out << item
        end
        expect(run.outputs).to contain_exactly(1, 3)
        expect(run.failures.map { |item, error| [item, Signal.signame(error.signal)] }).to eq([[2, "SEGV"]]).or eq([[2, "ABRT"]])
      end

      it "has others do the work of a worker that is stopped, all but what it has begun" do
        from, to = IO.pipe
        stopped, stopper = IO.pipe
        waker = Thread.new do
          20.times { from.gets }
          Process.kill(:CONT, Integer(stopped.gets))
        end
        run, = drive((1..21).to_a, kind) do |item, out|
          if item == 1
            stopper.puts(Process.pid)
            Process.kill(:STOP, Process.pid)
          else
            to.puts("done")
          end
          out << item
        end
        expect(run.outputs).to match_array(1..21)
        waker.join
      ensure
        [from, to, stopped, stopper].each(&:close)
      end

      it "does without a worker that is stopped before it begins" do
        stub_const("Minigun::Execution::ForkPool::LEAVE", 0.2)
        Dir.mktmpdir do |folder|
          stop_first = proc do
            File.open(File.join(folder, "first"), File::CREAT | File::EXCL | File::WRONLY).close
            Process.kill(:STOP, Process.pid)
          rescue Errno::EEXIST
            nil
          end
          run, = drive((1..40).to_a, kind, after_fork: [stop_first]) { |item, out| out << item }
          expect(run.outputs).to match_array(1..40)
          expect(log.string).to include("doesn't end by itself, and is killed")
        end
      end

      it "moves large items both ways at once" do
        run, = drive(Array.new(12) { |n| n.to_s * 3_000_000 }, kind) { |item, out| out << item.swapcase << item }
        expect(run.outputs.map(&:bytesize).tally).to eq({ 3_000_000 => 20, 6_000_000 => 4 })
      end

      it "goes on where no descriptor is left for a new worker" do
        skip "counts descriptors in /proc" unless File.directory?("/proc/self/fd")
        Dir.mktmpdir do |folder|
          once = File.join(folder, "once")
          outputs = apart do
            run = FakeRun.new do |item, out|
              if item == 5 && !File.exist?(once)
                File.write(once, "")
                exit!(9)
              end
              out << item
            end
            pool_for(run, kind) do |pool|
              Process.setrlimit(:NOFILE, Dir.children("/proc/self/fd").size + 2)
              pool.drive(FakeRun::Input.new((1..20).to_a), nil)
            end
            run.outputs.sort
          end
          expect(outputs).to eq((1..20).to_a)
        end
      end

      it "says so where no process is to be had" do
        skip "needs to become a user with limits" unless Process.uid.zero? && RUBY_PLATFORM.include?("linux")
        # The limit is one of threads, too, and a Ruby thread waits for ever for its native one there.
        skip "no deadline can be kept without a thread" if RUBY_VERSION >= "3.3"
        stub_const("Minigun::Execution::ChildProcess::FORK_DEADLINE", 0.3)
        said = apart do
          Process::Sys.setuid(65_534)
          Process.setrlimit(:NPROC, 0)
          run = FakeRun.new { |item, out| out << item }
          pool_for(run, kind) { |pool| pool.drive(FakeRun::Input.new([1, 2]), nil) }
        end
        expect(said).to match(/Minigun::Error: \[Stage:work\] no process to be had/)
      end

      it "goes on with the workers it has where no process is to be had for another" do
        stub_const("Minigun::Execution::ChildProcess::FORK_DEADLINE", 0.2)
        forks = 0
        allow(Process).to receive(:fork).and_wrap_original { |original| (forks += 1) == 2 ? sleep : original.call }
        run, = drive((1..30).to_a, kind) { |item, out| out << item }
        expect(run.outputs).to match_array(1..30)
        expect(log.string).to include("it goes on with 1 of 2 workers")
      end

      it "needs nobody's end of file: a process that a block leaves behind holds up nothing", :forks_beside_threads do
        from, to = IO.pipe
        run, = drive([1, 2], kind) do |item, out|
          to.puts(fork { sleep })
          out << item
        end
        expect(run.outputs).to contain_exactly(1, 2)
      ensure
        2.times { Process.kill(:KILL, Integer(from.gets)) }
        [from, to].each(&:close)
      end

      it "can run beside others that fork at the same time" do
        runs = Array.new(3) do |number|
          Thread.new { drive((1..60).to_a, kind) { |item, out| out << [number, item] }.first.outputs }
        end
        runs.each_with_index { |run, number| expect(run.value).to match_array((1..60).map { |item| [number, item] }) }
      end
    end
  end

  anonymous = Class.new
  {
    "a Proc" => -> { proc {} }, "an IO" => -> { $stdout }, "a Thread" => -> { Thread.current }, "a Mutex" => -> { Mutex.new },
    "a Method" => -> { 1.method(:+) }, "a Binding" => -> { binding }, "an Enumerator" => -> { [1].each },
    "a MatchData" => -> { "a".match(/a/) }, "an object with a singleton method" => -> { Object.new.tap { |o| def o.x = 1 } },
    "a Hash with a default block" => -> { Hash.new { 1 } }, "an object of a nameless class" => -> { anonymous.new },
    "one of these, deep inside" => -> { { list: [1, { deep: [proc {}] }] } },
    "what is nested too deeply" => -> { Array.new(100_000).inject([]) { |inner, _| [inner] } }
  }.each do |what, make|
    it "takes #{what} for an item error where it has to be carried" do
      run, input = drive([1, make.call, 3], :ipc_fork) { |item, out| out << item.class.name }
      expect(run.outputs).to eq(%w[Integer Integer])
      expect(run.failures.map { |_, error| error.class }).to eq([TypeError]).or eq([SystemStackError]).or eq([ArgumentError])
      expect([input.settled, run.consumed]).to eq([3, 3])
    end

    it "takes #{what} for an item error where a block emits it" do
      %i[ipc_fork cow_fork].each do |kind|
        run, input = drive([1, 2, 3], kind) { |item, out| out << (item == 2 ? make.call : item) }
        expect(run.outputs).to contain_exactly(1, 3)
        expect(run.failures.size).to eq(1)
        expect([input.settled, run.consumed]).to eq([3, 3])
      end
    end

    it "tells of an exception that holds #{what}" do
      %i[ipc_fork cow_fork].each do |kind|
        run, = drive([1], kind) { raise ArgumentError.new("told").tap { |error| error.instance_variable_set(:@held, make.call) } }
        error = run.failures.fetch(0)[1]
        expect(error).to be_a(Minigun::RemoteError).and have_attributes(original_class: "ArgumentError", message: "ArgumentError: told")
        expect(error.backtrace.first).to include(File.basename(__FILE__))
      end
    end
  end

  it "keeps backtrace and cause of an exception" do
    run, = drive([1], :ipc_fork) do
      raise KeyError, "inner"
    rescue KeyError
      raise ArgumentError, "outer"
    end
    error = run.failures.fetch(0)[1]
    expect([error.class, error.cause.class, error.cause.message]).to eq([ArgumentError, KeyError, "inner"])
    expect(error.backtrace.first).to include(File.basename(__FILE__))
  end
end
