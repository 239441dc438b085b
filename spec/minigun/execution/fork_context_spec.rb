# frozen_string_literal: true

require "timeout"

RSpec.describe Minigun::Execution::ForkContext, :interrupting, :no_leaks do
  subject(:work) { described_class.new(:child) }

  before { skip "no fork here" unless Process.respond_to?(:fork) }

  def children = LeakCheck.children

  it "runs in a child of its own" do
    expect(work.execute { Process.pid }.join).not_to eq(Process.pid)
  end

  it "carries values of any size" do
    expect(work.execute { "x" * 5_000_000 }.join.size).to eq(5_000_000)
  end

  it "tells a result from an error" do
    expect(work.execute { { error: "no", class: "StandardError" } }.join).to eq(error: "no", class: "StandardError")
    expect(work.execute { RuntimeError.new("kept") }.join).to be_a(RuntimeError)
  end

  it "has no value where the child has produced none" do
    expect(work.execute { exit }.join).to be_nil
    expect(work.execute { exit! }.join).to be_nil
    expect(work.execute { abort }.join).to be_nil
    expect(work.execute { Process.kill(:KILL, Process.pid) && sleep }.join).to be_nil
    expect(work.execute { Process.kill(:TERM, Process.pid) && sleep }.join).to be_nil
    expect(work.execute { Thread.current.kill }.join).to be_nil
  end

  it "degrades what can't be marshalled" do
    expect(work.execute { proc {} }.join).to be_nil
    expect { work.execute { raise Class.new(StandardError), "nameless" }.join }
      .to raise_error(an_instance_of(StandardError).and(having_attributes(message: "nameless")))
    expect { work.execute { raise ArgumentError.new("kept").tap { |e| e.instance_variable_set(:@p, proc {}) } }.join }
      .to raise_error(StandardError, "kept")
  end

  it "forgets no exception because another block follows, and frees what has ended" do
    work.execute { raise ArgumentError, "first" }
    wait_until { !work.alive? }
    work.execute { :second }
    expect { work.join }.to raise_error(ArgumentError, "first")
    work.execute { :third }
    expect(work.join).to eq(:third)
  end

  it "never lets the child out into its caller's stack" do
    after = []
    caught = catch(:out) do
      work.execute { throw :out, :child }
      work.execute { break :child }
      after << Process.pid
      :parent
    end

    expect([caught, after]).to eq([:parent, [Process.pid]])
    expect(work.join).to be_nil
  end

  it "flushes the child's output, and runs none of the parent's exit handlers" do
    program = <<~RUBY
      require #{File.expand_path("../../../lib/minigun/execution/context", __dir__).inspect}
      at_exit { print "exit " }
      work = Minigun::Execution::ForkContext.new(:x)
      [-> { 1 }, -> { exit }, -> { raise "x" }].each { |code| work.execute { print "child "; code.call }.join rescue nil }
    RUBY

    expect(IO.popen([RbConfig.ruby, "-e", program], &:read)).to eq("child child child exit ")
  end

  it "does not leave the parent's signal handlers to the child" do
    before = trap(:TERM) { nil }
    reader, writer = IO.pipe
    work.execute do
      writer.puts(Process.pid)
      sleep
    rescue SignalException => e
      writer.puts(e.message)
    end
    Process.kill(:TERM, Integer(reader.gets))

    expect(reader.gets).to eq("SIGTERM\n")
  ensure
    work.terminate
    [reader, writer].each(&:close)
    trap(:TERM, before || "DEFAULT")
  end

  it "does not let a child die of a signal that was sent to its parent just before" do
    before = trap(:TERM) { nil }
    lives = Array.new(20) do
      Thread.new do # where the handler is not called at once
        Process.kill(:TERM, Process.pid)
        described_class.new(:young).execute { sleep 0.01 and :lived }
      end.value.join
    end

    expect(lives.tally).to eq({ lived: 20 })
  ensure
    trap(:TERM, before || "DEFAULT")
  end

  it "kills a child that won't go" do
    work.execute do
      sleep
    rescue Exception # rubocop:disable Lint/RescueException
      retry
    end
    Timeout.timeout(5) { work.terminate }

    expect(work.alive?).to be(false)
  end

  it "keeps the outcome of a child whose end was noticed before" do
    work.execute { :kept }
    wait_until { !work.alive? }

    expect(work.join).to eq(:kept)
  end

  it "copes with somebody else's wait" do
    work.execute { :kept }
    thief = Thread.new { Process.wait(-1) }
    thief.join

    expect([work.join, work.alive?, work.terminate]).to eq([:kept, false, nil])
  end

  it "leaves children of others alone" do
    stranger = fork { sleep }
    work.execute { 1 }.join
    work.execute { sleep }.terminate

    expect(children).to include(stranger)
  ensure
    Process.kill(:KILL, stranger)
    Process.wait(stranger)
  end

  it "leaves children of others alone that have ended" do
    reader, writer = IO.pipe
    stranger = fork { exit! 42 }
    writer.close
    reader.read # until it ends
    reader.close
    work.execute { sleep 3 }
    3.times { expect(work).to be_alive }
    work.terminate

    expect(Process.wait2(stranger).last.exitstatus).to eq(42)
  end

  it "needs nobody's end of file" do
    holder = nil
    work.execute { fork { sleep 5 } } # holds the writing end
    Timeout.timeout(4) { holder = work.join }

    expect(holder).to be_an(Integer)
  ensure
    Process.kill(:KILL, holder) if holder
  end

  it "runs several at once, and more inside them" do
    works = Array.new(4) { |i| described_class.new(i).execute { described_class.new(:in).execute { i * 2 }.join + 1 } }

    expect(works.map(&:join)).to eq([1, 3, 5, 7])
  end

  it "belongs to the process that made it" do
    work.execute { sleep }
    other = described_class.new(:other)
    seen = other.execute { [work.alive?, work.terminate, begin work.join rescue $!.class.name end] }.join

    expect(seen).to eq([false, nil, "Minigun::ForkedError"])
    expect(work.alive?).to be(true)
  ensure
    work.terminate
  end

  it "does not wait for a fork for ever" do
    stub_const("Minigun::Execution::ChildProcess::FORK_DEADLINE", 0.02)
    allow(Process).to receive(:fork) { sleep }

    expect { work.execute { 1 } }.to raise_error(Minigun::Error, /no process/)
  end

  it "can be used from a thread that is killed while it joins" do
    work.execute { sleep }
    50.times do
      joiner = Thread.new { work.join }
      Thread.pass
      joiner.kill.join
    end

    expect(work.alive?).to be(true)
  ensure
    work.terminate
  end
end
