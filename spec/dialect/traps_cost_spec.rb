# frozen_string_literal: true

require_relative "dialect_helper"

# Section 19: costs and processes.
RSpec.describe "Traps: costs" do
  def seconds
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    yield
    Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
  end

  it "shares forks among items that are queued" do
    seen = seen_by do
      producer(:source) { |output| 500.times { |n| output << n } }
      cow_fork(2) { processor(:work) { |_n, output| output << Process.pid } }
      consumer(:keep) { |pid| @seen << pid }
    end

    expect(seen.size).to eq(500)
    expect(seen.uniq.size).to be < 250
  end

  it "hands on results of a child before the next item comes" do
    answer = Queue.new
    seen = seen_by do
      producer(:source) do |output|
        3.times do |n|
          output << n
          @seen << answer.pop
        end
      end
      cow_fork(2) { processor(:work) { |n, output| output << n } }
      consumer(:keep) { |n| answer << n }
    end

    expect(seen).to eq([0, 1, 2])
  end

  it "goes round a slow worker" do
    gate = Queue.new
    seen = seen_by do
      producer(:source) { |output| 50.times { |n| output << n } }
      thread_pool(2) do
        processor(:work) do |n, output|
          gate.pop if n.zero?
          output << n
        end
      end
      consumer(:keep) do |n|
        @seen << n
        gate << :go if @seen.size == 49
      end
    end

    expect(seen.last).to eq(0)
  end

  it "has no fixed waits: an empty run takes milliseconds" do
    object = flow do
      producer(:source) { |output| output << 1 }
      thread_pool(2) { processor(:a) { |n, output| output << n } }
      consumer(:b, await: true) { |n| n }
      consumer(:keep) { |n| n }
    end
    object.run

    expect(seconds { 20.times { object.run } }).to be < 2
  end

  it "needs no thread per stage" do
    threads = Queue.new
    flow do
      producer(:source) { |output| output << 1 }
      30.times { |k| processor(:"step_#{k}") { |n, output| output << n } }
      consumer(:keep) { |_n| threads << Thread.list.size }
    end.run

    expect(threads.pop).to be < 15
  end

  it "checks large graphs quickly" do
    object = flow do
      producer(:source) { |output| output << 1 }
      1500.times { |k| processor(:"step_#{k}") { |n, output| output << (n + 1) } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seconds { object.run }).to be < 10
    expect(object.seen).to eq([1501])
  end

  it "keeps no memory of runs that were stopped" do
    gate = Queue.new
    object = flow do
      producer(:source) { |_output| gate.pop }
      consumer(:keep) { |n| n }
    end
    ordinary = $stdout
    $stdout = StringIO.new
    5.times do
      object.run(background: true)
      object.stop
    end

    expect(object.running?).to be(false)
  ensure
    $stdout = ordinary
  end
end

RSpec.describe "Traps: processes" do
  it "installs no handlers of its own in nested runs" do
    mine = proc {}
    before = trap("INT", mine)
    inner = program do
      pipeline do
        producer(:source) { |output| output << 1 }
        consumer(:keep) { |n| @seen << n }
      end
    end
    seen = seen_by do
      producer(:source) { |output| 3.times { |n| output << n } }
      processor(:nest, threads: 3) { |_n, output| output << inner.new.tap(&:run).seen }
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to eq([[1]] * 3)
    expect(trap("INT", mine)).to be(mine)
  ensure
    trap("INT", before || "DEFAULT")
  end

  it "waits for its own children only" do
    mine = fork { exit!(7) }
    seen_by do
      producer(:source) { |output| 5.times { |n| output << n } }
      cow_fork(2) { processor(:work) { |n, output| output << n } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(Process.wait2(mine).last.exitstatus).to eq(7)
  end

  it "keeps what children print though standard output is a pipe" do
    out, = ruby(<<~RUBY)
      class Printing
        include Minigun::DSL
        pipeline do
          producer(:source) { |output| print "parent "; output << 1 }
          cow_fork(1) { consumer(:child) { |n| print "child " } }
          after_run { print "end" }
        end
      end
      Printing.new.run
    RUBY

    expect(out).to eq("parent child end")
  end
end
