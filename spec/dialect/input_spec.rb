# frozen_string_literal: true

require_relative "dialect_helper"

# Section 5: input.pop, the end of the stream, and what is held back before it.
RSpec.describe "Input" do
  it "ends with an EndOfStage, again on every later call" do
    ends = nil
    object = flow do
      producer(:source) { |output| [nil, 1].each { |n| output << n } }
      stage(:loop) do |input, output|
        2.times { output << input.pop }
        ends = Array.new(3) { input.pop }
      end
      consumer(:keep) { |n| @seen << n }
    end
    object.run

    expect(object.seen).to eq([nil, 1])
    expect(ends).to all(be_a(Minigun::EndOfStage))
    expect(ends.first.stage.name.to_s).to eq("loop")
    expect([ends.first.to_s, ends.first.inspect]).to all(include("EndOfStage").and(include("loop")))
  end

  it "hands on what the stage wrote before it waits for more" do
    received = Queue.new
    seen = seen_by do
      producer(:source, to: :loop) do |output|
        output << 1
        @seen << received.pop
      end
      stage(:loop, to: :keep) do |input, output|
        until (n = input.pop).is_a?(Minigun::EndOfStage)
          output << (n * 10)
        end
      end
      consumer(:keep) { |n| received << n }
    end

    expect(seen).to eq([10])
  end

  it "may be left before its end: writers are released" do
    seen = seen_by do
      producer(:source) { |output| 300.times { |n| output << n } }
      stage(:first_two, queue_size: 1) { |input, output| 2.times { output << input.pop } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([0, 1])
  end

  it "runs several loop stages, one after the other, with state of their own" do
    seen = seen_by do
      producer(:source) { |output| 5.times { |n| output << n } }
      stage(:sums) do |input, output|
        sum = 0
        until (n = input.pop).is_a?(Minigun::EndOfStage)
          output << (sum += n)
        end
      end
      stage(:pairs) do |input, output|
        pair = []
        until (n = input.pop).is_a?(Minigun::EndOfStage)
          pair << n
          output << pair.slice!(0, 2) if pair.size == 2
        end
        output << pair
      end
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([[0, 1], [3, 6], [10]])
  end

  it "names class and stage in the end of a source" do
    mark = Minigun::EndOfSource.new(Minigun::Stage.new(name: :left))

    expect(mark.stage.name).to eq(:left)
    expect([mark.to_s, mark.inspect]).to all(include("EndOfSource").and(include("left")))
    expect(mark.to_s).not_to include("Minigun::")
  end
end
