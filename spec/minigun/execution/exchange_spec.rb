# frozen_string_literal: true

RSpec.describe Minigun::Execution::Exchange do
  let(:exchange) { described_class.new(1, 4096) }

  after { exchange.close }

  it "closed while a thread waits in it ends the wait" do
    thread = Thread.new { exchange.wait }
    thread.report_on_exception = false
    wait_until { thread.stop? }
    exchange.close

    expect { thread.value }.to raise_error(Minigun::ClosedError)
    expect { exchange.wait }.to raise_error(Minigun::ClosedError)
  end

  it "closed by code that it calls stays whole until that returns" do
    closing = Struct.new(:exchange) { define_method(:marshal_dump) { exchange.close } }
    stub_const("Closing", closing)

    expect { exchange.send_chunk(0, 1, 1, [Closing.new(exchange)], 0, 1, []) }.to raise_error(Minigun::ClosedError)
    expect { exchange.unsent?(0) }.to raise_error(Minigun::ClosedError)
  end

  it "closed in a child lets go of what the child has, and stays the parent's, also where a thread waits in it", :forks_beside_threads do
    waiting = Thread.new { exchange.wait }
    wait_until { waiting.stop? }
    pid = fork do
      descriptors = -> { (3..200).count { |number| IO.for_fd(number, autoclose: false) rescue nil } } # rubocop:disable Style/RescueModifier
      before = descriptors.call
      exchange.close
      exit!(descriptors.call < before ? 7 : 1)
    end

    expect(Process.wait2(pid).last.exitstatus).to eq(7)
    exchange.wake
    expect(waiting.value).to be(exchange)
  end

  it "that is closed can't be entered" do
    exchange.close

    expect { exchange.enter(0, Process.pid, 0) }.to raise_error(Minigun::ClosedError)
  end

  it "lets an exit in what it sends through, and has sent nothing of it" do
    stub_const("Leaving", Class.new { define_method(:marshal_dump) { exit(7) } })

    expect { exchange.send_chunk(0, 1, 1, [1, Leaving.new], 0, 2, []) }.to raise_error(SystemExit)
    expect(exchange.send_chunk(0, 1, 1, [2], 0, 1, [])).to eq(1)
    pid = fork { exchange.enter(0, Process.ppid, 0) && exit!(exchange.take[2] == [2] ? 7 : 1) }
    expect(Process.wait2(pid).last.exitstatus).to eq(7)
  end

  it "lets an exit in what it reads through, and goes on behind it" do
    stub_const("Leaving", Class.new { define_method(:marshal_dump) { 1 } && define_method(:marshal_load) { |_| exit(7) } })
    exchange.send_chunk(0, 1, 1, [Leaving.new], 0, 1, [])
    exchange.send_chunk(0, 1, 2, [:next], 0, 1, [])
    pid = fork do
      exchange.enter(0, Process.ppid, 0)
      status = begin
        exchange.take
      rescue SystemExit => e
        e.status
      end
      exit!(exchange.take[2] == [:next] ? status : 1)
    end

    expect(Process.wait2(pid).last.exitstatus).to eq(7)
  end

  it "can be closed again" do
    expect([exchange.close, exchange.close]).to eq([nil, nil])
  end

  it "wakes whoever waits or is about to" do
    exchange.wake
    expect(exchange.wait).to be(exchange)
  end

  it "sends a chunk of what there is, and none while another waits for room, which comes whole" do
    large = "x" * 3_000
    expect(exchange.send_chunk(0, 1, 1, [1, 2], 0, 5, [])).to eq(2)
    expect(exchange.unsent?(0)).to be(false)
    [2, 3].each { |number| exchange.send_chunk(0, 1, number, [large, number], 0, 2, []) }
    expect(exchange.unsent?(0)).to be(true)
    expect { exchange.send_chunk(0, 1, 4, [1], 0, 1, []) }.to raise_error(ArgumentError)

    pid = fork do
      exchange.enter(0, Process.ppid, 0)
      taken = []
      (message = exchange.take) ? taken << message[2] : exchange.wait(10) until taken.size == 3
      exit!(taken == [[1, 2], [large, 2], [large, 3]] ? 7 : 1)
    end
    wait_until { !exchange.unsent?(0) }
    expect(Process.wait2(pid).last.exitstatus).to eq(7)
  end

  it "has so many places, and rings of such a size" do
    [[0, 4096], [4097, 4096], [1, -1], [1, (1 << 30) + 1]].each do |workers, capacity|
      expect { described_class.new(workers, capacity) }.to raise_error(ArgumentError)
    end
    [-1, 1].each { |place| expect { exchange.receive(place) }.to raise_error(ArgumentError) }
    expect { exchange.send(:initialize, 1, 4096) }.to raise_error(ArgumentError, /already/)
    expect { described_class.allocate.wait }.to raise_error(Minigun::ClosedError)
  end

  it "knows the chunks that it has given, and no others" do
    exchange.grant(0, 3, 5)

    expect(exchange.claim(0, 3)).to eq([0, 5, false])
    expect(exchange.revoke(0, 3, 2)).to eq([0, 2, false])
    expect { exchange.claim(0, 4) }.to raise_error(ArgumentError)
    expect { exchange.revoke(0, 4, 1) }.to raise_error(ArgumentError)
  end
end
