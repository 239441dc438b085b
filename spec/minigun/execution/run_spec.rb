# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Execution::Run do
  def job(&body) = Class.new { include(Minigun::DSL) && class_eval(&body) }.new

  let(:ended) do
    counted = job do
      producer(:gen) { 3.times { |n| emit n } }
      consumer(:keep) { |n| n }
    end
    counted.run
    counted._minigun_task.root_pipeline.latest_run
  end

  it "knows its steps by number, and no others" do
    expect(ended.counters(1).first(2)).to eq([3, 0])
    [-1, 2].each { |number| expect { ended.counters(number) }.to raise_error(IndexError, "no step #{number}") }
  end

  it "is set up and started once, and calls its steps itself" do
    expect { ended.start }.to raise_error(ArgumentError, "already started")
    expect { ended.send(:_yield_items) { nil } }.to raise_error(ArgumentError, /nobody but the engine/)
    expect { described_class.allocate.counters(0) }.to raise_error(ArgumentError, "uninitialized run")
  end

  it "counts no more items otherwise than were done" do
    expect { ended.send(:_recount, 1, 4, nil) }.to raise_error(ArgumentError, "fewer items than that are done")
  end

  it "gives a loop at least one item, and takes back what it gave" do
    told = []
    job do
      producer(:gen) { |output| output << 1 << 2 }
      stage(:loop) do |input, output|
        [-> { input.take(0) }, -> { input.settle(-1) }].each { |wrong| wrong.call rescue told << $!.message } # rubocop:disable Style/RescueModifier
        output << input.pop(timeout: nil) << input.pop(timeout: 5)
        told << input.pop(timeout: 0.001).class
      end
    end.run

    expect(told).to eq(["take at least one item", "count must not be negative", Minigun::EndOfStage])
  end

  it "sends nil for a call of an output's proc without an item, and by name only where one is given" do
    seen = []
    job do
      producer(:gen) do |output|
        output.to_proc.call
        output.to_proc.call(1, {})
        output.to_proc.call(2, to: :keep)
        output.to_proc.call(3, 4)
      end
      consumer(:keep) { |n| seen << n }
    end.run

    expect(seen).to contain_exactly(nil, 1, 2, 3)
  end
end
