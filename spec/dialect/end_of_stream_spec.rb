# frozen_string_literal: true

require_relative "dialect_helper"

# Sections 14.1 and 14.2: the run ends when, and only when, the work is done.
RSpec.describe "The end of the stream" do
  it "waits for all feeders of a stage, in whatever order they finish" do
    [[1, 2, 3], [3, 2, 1], [2, 3, 1]].each do |order|
      gates = (1..4).to_h { |n| [n, Queue.new] }
      gates[order.first] << :go
      seen = seen_by do
        (1..3).each do |n|
          producer(:"source_#{n}", to: :"feeder_#{n}") { |output| output << n }
          stage(:"feeder_#{n}", to: :keep) do |input, output|
            item = input.pop
            gates[n].pop
            output.to(:shared) << item
            following = order[order.index(n) + 1]
            gates[following] << :go if following
          end
        end
        consumer(:keep) { |n| n }
        consumer(:shared, await: true) { |n| @seen << n }
      end

      expect(seen).to match_array(order)
    end
  end

  it "counts a send to a stage with upstream in the graph" do
    gate = Queue.new
    seen = seen_by do
      producer(:slow, to: :work) do |output|
        gate.pop
        output << 1
      end
      processor(:work, to: :other) { |n, output| output.to(:main) << (n + 10) }
      consumer(:other) { |n| n }
      producer(:source, to: :main) { |output| output << 0 }
      consumer(:main) do |n|
        @seen << n
        gate << :go if n.zero?
      end
    end

    expect(seen).to eq([0, 11])
  end

  it "keeps the target open for a feeder that only asked for its output" do
    gate = Queue.new
    seen = seen_by do
      producer(:source, to: :loop) { |output| output << 1 }
      stage(:loop, to: :keep) do |input, output|
        aside = output.to(:aside)
        nil until input.pop.is_a?(Minigun::EndOfStage)
        gate.pop
        aside << :late
      end
      consumer(:keep) { |n| n }
      producer(:other, to: :aside) { |output| output << :early }
      consumer(:aside) do |x|
        @seen << x
        gate << :go if x == :early
      end
    end

    expect(seen).to eq(%i[early late])
  end

  it "loses nothing of a retry loop" do
    seen = seen_by do
      producer(:source) { |output| 30.times { |n| output << [n, 0] } }
      processor(:try) do |(n, tries), output|
        tries < n % 4 ? output.to(:again) << [n, tries] : output << [n, tries]
      end
      consumer(:keep) { |x| @seen << x }
      processor(:again, await: true) { |(n, tries), output| output.to(:try) << [n, tries + 1] }
    end

    expect(seen).to match_array((0...30).map { |n| [n, n % 4] })
  end

  it "lets a retry loop run through children" do
    seen = seen_by do
      producer(:source) { |output| 12.times { |n| output << [n, 0] } }
      cow_fork(2) do
        processor(:try) do |(n, tries), output|
          tries < n % 3 ? output.to(:again) << [n, tries] : output << [n, tries]
        end
      end
      consumer(:keep) { |x| @seen << x }
      ipc_fork(2) { processor(:again, await: true) { |(n, tries), output| output.to(:try) << [n, tries + 1] } }
    end

    expect(seen).to match_array((0...12).map { |n| [n, n % 3] })
  end

  it "flushes a stage before its successors are told" do
    order = []
    seen_by do
      producer(:source) { |output| 5.times { |n| output << n } }
      accumulator(:first, max_size: 3)
      accumulator(:second, max_size: 4)
      stage(:loop) { |input, _output| order << input.pop until order.last.is_a?(Minigun::EndOfStage) }
    end

    expect(order).to match([[[0, 1, 2], [3, 4]], Minigun::EndOfStage])
  end

  it "comes at once to a run without producers, or without items" do
    nothing = flow { consumer(:keep) { |n| @seen << n } }
    empty = flow do
      producer(:source) { |_output| nil }
      batch 3
      cow_fork(2) { processor(:work) { |n, output| output << n } }
      consumer(:keep) { |n| @seen << n }
    end

    expect([nothing.run, nothing.seen, empty.run, empty.seen]).to eq([0, [], 0, []])
  end

  it "finds every queue in place when the first producer sends, at any depth" do
    20.times do
      seen = seen_by do
        producer(:source) { |output| output.to(:deep) << 1 }
        pipeline(:a) { pipeline(:b) { pipeline(:c) { consumer(:deep) { |n| @seen << n } } } }
      end
      expect(seen).to eq([1])
    end
  end
end
