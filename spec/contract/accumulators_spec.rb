# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Accumulators" do
  # Sends 0...items through an accumulator and gives what the following stage saw.
  def batches(items, options = {}, &block)
    job do
      producer(:gen) { items.times { |n| emit n } }
      accumulator(:pack, options, &block)
      consumer(:keep) { |batch| @out << batch }
    end.tap(&:run).out
  end

  it "pass on batches of max_size, and the remainder at the end" do
    expect(batches(7, max_size: 3)).to eq([[0, 1, 2], [3, 4, 5], [6]])
  end

  it "hold a hundred items by default" do
    expect(batches(250).map(&:size)).to eq([100, 100, 50])
  end

  it "may hold one item" do
    expect(batches(3, max_size: 1)).to eq([[0], [1], [2]])
  end

  it "may hold more than any queue or buffer" do
    expect(batches(5_000, max_size: 4_000).map(&:size)).to eq([4_000, 1_000])
  end

  it "pass on no empty batch" do
    expect(batches(0)).to eq([])
    expect(batches(4, max_size: 2)).to eq([[0, 1], [2, 3]])
  end

  it "give their block the batch and pass on its value instead" do
    expect(batches(5, max_size: 2) { |batch| { sum: batch.sum } }).to eq([{ sum: 1 }, { sum: 5 }, { sum: 4 }])
  end

  it "pass on whatever the block returns" do
    expect(batches(4, max_size: 2) { |batch| batch.include?(0) ? nil : false }).to eq([nil, false])
  end

  it "pass each batch to each successor" do
    fan = job do
      producer(:gen) { 3.times { |n| emit n } }
      accumulator(:pack, max_size: 2, to: %i[a b])
      consumer(:a) { |batch| @out << [:a, batch] }
      consumer(:b) { |batch| @out << [:b, batch] }
    end
    fan.run

    expect(fan.out).to contain_exactly([:a, [0, 1]], [:a, [2]], [:b, [0, 1]], [:b, [2]])
  end

  it "deliver the remainder to any kind of successor" do
    chain = job do
      producer(:gen) { 3.times { |n| emit n } }
      accumulator(:pack, max_size: 2)
      processor(:unpack) { |batch| batch.each { |n| emit n } }
      accumulator(:pack_again, max_size: 2)
      pipeline(:inner) { processor(:total) { |batch| emit batch.sum } }
      accumulator(:last)
      spawn_fork(:keep) { |batch| @out << batch }
    end
    chain.run

    expect(chain.out).to eq([[1, 2]])
  end

  it "collect per stage" do
    two = job do
      producer(:gen, to: %i[a b]) { 3.times { |n| emit n } }
      accumulator(:a, max_size: 2, to: :keep)
      accumulator(:b, max_size: 3, to: :keep)
      consumer(:keep) { |batch| @out << batch }
    end
    two.run

    expect(two.out).to contain_exactly([0, 1], [2], [0, 1, 2])
  end

  it "merge what several producers send, losing nothing" do
    merged = job do
      4.times { |i| producer(:"gen#{i}", to: :pack) { 250.times { |n| emit [i, n] } } }
      accumulator(:pack, max_size: 30)
      consumer(:keep) { |batch| @out << batch }
    end
    merged.run

    expect(merged.out.map(&:size)).to eq([30] * 33 + [10])
    expect(merged.out.flatten(1)).to match_array([0, 1, 2, 3].product((0...250).to_a))
  end

  it "may be terminal" do
    terminal = job do
      producer(:gen) { 5.times { |n| emit n } }
      accumulator(:pack, max_size: 2) { |batch| @out << batch }
    end
    terminal.run

    expect(terminal.out).to eq([[0, 1], [2, 3], [4]])
  end

  it "give batches of their own, that may be changed" do
    changed = job do
      producer(:gen) { 4.times { |n| emit n } }
      accumulator(:pack, max_size: 2)
      consumer(:keep) { |batch| @out << batch.map!(&:succ).push(:more) }
    end
    changed.run

    expect(changed.out).to eq([[1, 2, :more], [3, 4, :more]])
  end

  it "start a second run empty" do
    twice = job do
      producer(:gen) { 3.times { |n| emit n } }
      accumulator(:pack, max_size: 2)
      consumer(:keep) { |batch| @out << batch }
    end
    2.times { twice.run }

    expect(twice.out).to eq([[0, 1], [2]] * 2)
  end
end
