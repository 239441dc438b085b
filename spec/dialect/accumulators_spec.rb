# frozen_string_literal: true

require_relative "dialect_helper"

# Section 4.3.
RSpec.describe "Accumulators" do
  def batches(count = 5, **options, &block)
    seen_by do
      producer(:source) { |output| count.times { |n| output << n } }
      accumulator(:pack, max_size: 2, **options, &block)
      consumer(:keep) { |batch| @seen << batch }
    end
  end

  it "pass on the batch without a block" do
    expect(batches).to eq([[0, 1], [2, 3], [4]])
    expect(batches(0)).to eq([])
  end

  it "pass on the value of a block that takes the batch, or nothing" do
    expect(batches(&:sum)).to eq([1, 5, 4])
    expect(batches { |batch| batch.sum }).to eq([1, 5, 4])
    expect(batches { :full }).to eq(%i[full full full])
    expect(batches { |_batch| nil }).to eq([nil, nil, nil])
  end

  it "pass on only what such a block emitted, if it did" do
    sums = batches do |batch|
      emit batch.sum
      emit :more
      :ignored
    end
    odd = batches { |batch| batch.each { |n| emit n if n.odd? } }

    expect(sums).to eq([1, :more, 5, :more, 4, :more])
    expect(odd).to eq([1, 3, [4]])
  end

  it "pass on only what a block with two parameters wrote" do
    expect(batches { |batch, output| output << batch.sum }).to eq([1, 5, 4])
    expect(batches { |a, b| b << a.size if a.size == 2 }).to eq([2, 2])
    expect(batches { |batch, _| emit batch.first }).to eq([0, 2, 4])
  end

  it "give a full batch away at once, the rest before successors are told of the end" do
    order = []
    seen_by do
      producer(:source) { |output| 3.times { |n| output << n } }
      accumulator(:pack, max_size: 2)
      stage(:loop) do |input, _output|
        order << input.pop until order.last.is_a?(Minigun::EndOfStage)
      end
    end

    expect(order.first(2)).to eq([[0, 1], [2]])
    expect(order.size).to eq(3)
  end

  it "drop the batch whose block raises, in the last flush too" do
    object = flow do
      producer(:source) { |output| 5.times { |n| output << n } }
      accumulator(:pack, max_size: 2) { |batch| batch.include?(2) || batch.include?(4) ? raise("no") : batch }
      consumer(:keep) { |batch| @seen << batch }
    end
    object.run

    expect(object.seen).to eq([[0, 1]])
    expect(logged.scan(/ERROR.*pack/).size).to eq(2)
    expect(stats_of(object, :pack).items_failed).to be_positive
  end

  it "make one item of a batch, for routing" do
    seen = seen_by do
      producer(:source) { |output| 6.times { |n| output << n } }
      accumulator(:pack, max_size: 2, to: %i[left right], routing: :round_robin)
      consumer(:left) { |batch| @seen << [:left, batch] }
      consumer(:right) { |batch| @seen << [:right, batch] }
    end

    expect(seen).to match_array([[:left, [0, 1]], [:right, [2, 3]], [:left, [4, 5]]])
  end

  it "route what their block writes to" do
    seen = seen_by do
      producer(:source) { |output| 4.times { |n| output << n } }
      accumulator(:pack, max_size: 2) { |batch, output| output.to(:aside) << batch.sum }
      consumer(:keep) { |batch| @seen << [:keep, batch] }
      consumer(:aside, await: true) { |sum| @seen << sum }
    end

    expect(seen).to eq([1, 5])
  end
end
