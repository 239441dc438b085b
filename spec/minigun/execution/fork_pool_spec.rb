# frozen_string_literal: true

require "spec_helper"
require "tempfile"
require_relative "fork_pool_helper"

RSpec.describe Minigun::Execution::ForkPool, :no_leaks, limit: 300 do
  include ForkPoolHelper

  it "leaves an item to a worker that takes long to take it in, though another has nothing to do" do
    parent = Process.pid
    loads = Tempfile.new("loads")
    unwieldy = Class.new do
      define_method(:marshal_dump) { [] }
      define_method(:marshal_load) do |_|
        next if Process.pid == parent

        File.write(loads.path, "x", mode: "a")
        sleep File.size(loads.path) > 1 ? 0.5 : 0.2
      end
    end
    stub_const("Unwieldy", unwieldy)
    run, input = drive([Unwieldy.new], :ipc_fork, workers: 2) { |item, out| out << item.class.name }
    expect([run.outputs, input.settled]).to eq([["Unwieldy"], 1])
    expect(loads.size).to be <= 6
  ensure
    loads.close!
  end

  %i[ipc_fork cow_fork].each do |kind|
    describe kind do
      it "works on each item once, in other processes" do
        run, input = drive((1..500).to_a, kind) { |item, out| out << [item * 2, Process.pid] }

        expect(run.outputs.map(&:first)).to match_array((1..500).map { |n| n * 2 })
        expect(run.outputs.map(&:last)).not_to include(Process.pid)
        expect([input.settled, run.consumed, run.latencies.size.positive?]).to eq([500, 500, true])
      end

      it "uses several processes when several items wait" do
        run, = drive((1..8).to_a, kind) { |_, out| busy(0.005) and out << Process.pid }
        expect(run.outputs.uniq.size).to be >= 2
      end

      it "has no more children than it may" do
        run, = drive((1..30).to_a, kind, workers: 3) { |_, out| out << children_of(Process.ppid).size }
        expect(run.outputs.max).to be <= 3
      end

      it "restores order" do
        run, = drive((1..300).to_a, kind, workers: 3, ordered: true) do |item, out|
          busy(0.002) if (item % 50).zero?
          item.even? ? out.push(item, item) : raise("odd") if item != 7
        end
        expect(run.outputs).to eq((1..300).select(&:even?).flat_map { |n| [n, n] })
      end

      it "carries any value out, empty and large ones too" do
        values = [nil, false, [], [[]], "", {}, 1..2, "x" * 1_000_000, [nil, false]]
        run, = drive((0...values.size).to_a, kind) { |index, out| out << values[index] }
        expect(run.outputs).to match_array(values)
      end

      it "carries any value in" do
        values = [nil, false, [], [[]], "", {}, 1..2, "x" * 1_000_000, [nil, false]]
        run, = drive(values.dup, kind) { |item, out| out << item.inspect }
        expect(run.outputs).to match_array(values.map(&:inspect))
      end

      it "reports items that fail, and goes on" do
        run, = drive((1..50).to_a, kind) { |item, out| item == 25 ? raise(KeyError, "no 25") : out << item }
        expect(run.outputs).to match_array([*1..24, *26..50])
        expect(run.failures.map { |item, error| [item, error.class, error.message] }).to eq([[25, KeyError, "no 25"]])
        expect(run.consumed).to eq(50)
      end

      it "reports an exception the parent can't rebuild by its name" do
        run, = drive([1], kind) { raise Class.new(StandardError) { def self.name = "Odd" }, "made here" }
        error = run.failures[0][1]
        expect(error).to be_a(Minigun::RemoteError)
        expect([error.original_class, error.message]).to eq(["Odd", "Odd: made here"])
      end

      it "reports an exception of a class that only the child has by its name" do
        run, = drive([1], kind) { raise Object.const_set(:OnlyInTheChild, Class.new(StandardError)), "made here" }
        error = run.failures[0][1]
        expect([error.class, error.original_class]).to eq([Minigun::RemoteError, "OnlyInTheChild"])
        expect(error.message).to eq("OnlyInTheChild: made here")
      end

      it "reports a result that can't be carried" do
        run, = drive([1, 2, 3], kind) { |item, out| out << (item == 2 ? proc {} : item) }
        expect(run.outputs).to contain_exactly(1, 3)
        expect(run.failures.map { |_, error| error.class }).to eq([TypeError])
        expect(run.consumed).to eq(3)
      end

      it "brings changes of the user object back, those of hooks too" do
        user = Struct.new(:list, :hooked).new
        user.instance_variable_set(:@list, [])
        hook = proc { (@hooked ||= []) << Process.pid }
        drive((1..100).to_a, kind, user: user, after_fork: [hook]) { |item, _| user.instance_eval { @list << item } }

        expect(user.instance_variable_get(:@list)).to match_array(1..100)
        expect(user.instance_variable_get(:@hooked)).not_to include(Process.pid)
      end

      it "leaves the user object alone where write_back is off" do
        user = Object.new
        user.instance_variable_set(:@list, [])
        drive([1, 2], kind, user: user, policy: { write_back: false }) { |item, _| user.instance_eval { @list << item } }
        expect(user.instance_variable_get(:@list)).to eq([])
      end

      it "brings log lines back" do
        drive([1, 2], kind) { |item, _| Minigun.logger.warn("line of #{item}") }
        expect(log.string).to include("line of 1", "line of 2")
      end

      it "ends the run for what is no item's error, with class and message" do
        run, = drive((1..10).to_a, kind) { |item, _| raise NotImplementedError, "abstract" if item == 3 }
        expect(run.cancelled).to be_a(NotImplementedError).and have_attributes(message: "abstract")
      end

      it "takes exit for the wish to end the run" do
        run, = drive((1..10).to_a, kind) { |item, _| exit(3) if item == 5 }
        expect(run.cancelled).to be_a(SystemExit).and have_attributes(status: 3)
      end

      it "ends the run where a hook of a child fails" do
        run, = drive([1], kind, after_fork: [proc { raise ArgumentError, "hook" }]) { |item, out| out << item }
        expect(run.cancelled).to be_a(ArgumentError)
      end

      it "lets a child that a block forks return without harm", :forks_beside_threads do
        run, = drive([1, 2, 3], kind, workers: 1) do |item, out|
          child = fork
          Process.wait(child) if child
          out << item
        end
        expect(run.outputs).to contain_exactly(1, 2, 3)
      end

      it "works inside a worker" do
        run, = drive([1, 2], kind) do |item, out|
          inner, = drive([item, item * 10], kind) { |number, inner_out| inner_out << number + 1 }
          out.concat(inner.outputs)
        end
        expect(run.outputs).to contain_exactly(2, 3, 11, 21)
      end

      it "gives children the signals of a fresh Ruby, but for INT" do
        handler = trap("TERM") { raise "not in a child" }
        run, = drive([1], kind) { |_, out| out.push(trap("TERM", "DEFAULT"), trap("INT", "DEFAULT").class) }
        expect(run.outputs).to eq(["DEFAULT", Proc])
      ensure
        trap("TERM", handler)
      end

      it "lives with others that wait for children" do
        thief = Thread.new do
          loop { Process.wait(-1, Process::WNOHANG) ? Thread.pass : sleep(0.001) }
        rescue Errno::ECHILD
          sleep(0.001) and retry
        end
        run, = drive((1..50).to_a, kind) { |item, out| out << item }
        expect(run.outputs).to match_array(1..50)
      ensure
        thief.kill.join
      end

      it "lives with ignored children" do
        handler = trap("CHLD", "IGNORE")
        run, = drive((1..20).to_a, kind) { |item, out| out << item }
        expect(run.outputs).to match_array(1..20)
      ensure
        trap("CHLD", handler || "DEFAULT")
      end
    end
  end

  describe "ipc_fork" do
    it "keeps workers for the whole run" do
      run, = drive((1..20).to_a, :ipc_fork) { |_, out| busy(0.001) and out << Process.pid }
      expect(run.outputs.uniq.size).to be <= 2
    end

    it "reports an item that can't be carried, and goes on" do
      run, input = drive([1, proc {}, 3, $stdout], :ipc_fork) { |item, out| out << item }
      expect(run.outputs).to contain_exactly(1, 3)
      expect(run.failures.map { |_, error| error.class }).to eq([TypeError, TypeError])
      expect(input.settled).to eq(4)
    end

    it "reports an item that can't be rebuilt in the child" do
      stub_const("Stubborn", Class.new { def self._load(_) = raise("no"); def _dump(_) = "x" })
      run, = drive([1, Stubborn.new, 3], :ipc_fork, workers: 1) { |item, out| out << item }
      expect(run.outputs).to contain_exactly(1, 3)
      expect(run.failures.map { |item, error| [item.class, error.message] }).to eq([[Stubborn, "no"]])
    end

    it "lets nobody wait behind a slow item" do
      from, to = IO.pipe
      items = (1..200).to_a
      run, = drive(items, :ipc_fork) do |item, out|
        item == 100 ? from.gets : out << item
        (199..200).cover?(item) && to.puts("go")
      end
      expect(run.outputs.size).to eq(199)
    ensure
      [from, to].each(&:close)
    end

    it "sends on a large item while another worker has room" do
      from, to = IO.pipe
      run, = drive(["wait", "x" * 1_000_000], :ipc_fork) do |item, out|
        item == "wait" ? from.gets : to.puts("go")
        out << item.size
      end
      expect(run.outputs).to contain_exactly(4, 1_000_000)
    ensure
      [from, to].each(&:close)
    end

    it "attends to its workers while it waits for input" do
      queue = Queue.new
      answers = Queue.new
      feeder = Thread.new do
        20.times { |n| queue << n and answers.pop }
        queue << FakeRun::LAST
      end
      run = FakeRun.new { |item, out| out << item }
      allow(run).to receive(:publish).and_wrap_original { |publish, *args| publish.call(*args) and answers << 1 }
      pool_for(run, :ipc_fork) { |pool| pool.drive(FakeRun::Input.new(queue), nil) }
      feeder.join

      expect(run.outputs).to match_array(0...20)
    end
  end

  describe "cow_fork" do
    it "hands over what can't be carried, and memory as of the fork" do
      io = StringIO.new("inherited")
      run, = drive([io, proc { :called }], :cow_fork) { |item, out| out << (item.respond_to?(:call) ? item.call : item.read) }
      expect(run.outputs).to contain_exactly("inherited", :called)
    end

    it "keeps batches whole" do
      run, = drive([[1, 2], [], [3]], :cow_fork) { |batch, out| out << batch.size }
      expect(run.outputs).to contain_exactly(2, 0, 1)
    end
  end

  describe "an accumulator" do
    it "works on batches, and counts their items" do
      run, input = drive((1..10).to_a, :cow_fork, step: { kind: :batch, max_size: 4 }) { |batch, out| out << batch }
      expect(run.outputs).to contain_exactly([1, 2, 3, 4], [5, 6, 7, 8], [9, 10])
      expect([input.settled, run.consumed]).to eq([10, 10])
    end
  end
end
