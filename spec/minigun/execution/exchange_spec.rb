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

  it "can be closed again" do
    expect([exchange.close, exchange.close]).to eq([nil, nil])
  end

  it "wakes whoever waits or is about to" do
    exchange.wake
    expect(exchange.wait).to be(exchange)
  end
end
