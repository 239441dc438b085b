# frozen_string_literal: true

require_relative "dialect_helper"

# Section 14.3.
RSpec.describe "await:" do
  it "keeps a stage open until no work is left" do
    seen = seen_by do
      producer(:source) { |output| 3.times { |n| output << n } }
      processor(:work) { |n, output| output.to(:aside) << n }
      consumer(:aside, await: true) { |n| @seen << n }
    end

    expect(seen).to eq([0, 1, 2])
  end

  it "never hangs a run for a stage nobody addresses" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      consumer(:keep) { |n| @seen << n }
      5.times { |k| processor(:"idle_#{k}", await: true) { |n, output| output << n } }
      pipeline(:part, await: true) { consumer(:inner) { |n| @seen << n } }
    end

    expect(seen).to eq([1])
  end

  it "ends a stage without upstream at once when it is false or absent" do
    [{}, { await: false }].each do |options|
      order = Queue.new
      seen = seen_by do
        stage(:alone, to: :keep, **options) { |input, _output| order << input.pop.class }
        producer(:source, to: :keep) { emit order.pop }
        consumer(:keep) { |n| @seen << n }
      end

      expect(seen).to eq([Minigun::EndOfStage])
    end
  end

  it "is without effect on stages with upstream" do
    seen = seen_by do
      producer(:source, to: :keep) { |output| output << 1 }
      consumer(:keep, await: 0.001) { |n| @seen << n }
    end

    expect(seen).to eq([1])
  end

  describe "with a number" do
    it "ends the stage if no first item came in time" do
      over = Queue.new
      seen = seen_by do
        producer(:source, to: :keep) { emit over.pop }
        consumer(:keep) { |n| @seen << n }
        stage(:late, await: 0.01) { |input, _output| over << input.pop.class }
      end

      expect(seen).to eq([Minigun::EndOfStage])
    end

    it "ends each stage by its own" do
      over = Queue.new
      seen_by do
        producer(:source, to: :keep) { 2.times { emit over.pop } }
        consumer(:keep) { |n| @seen << n }
        stage(:late, await: 0.01) { |input, _output| over << input.pop.class }
        stage(:later, await: 0.1) { |input, _output| over << input.pop.class }
      end.then { |seen| expect(seen).to eq([Minigun::EndOfStage] * 2) }
    end

    it "delivers the first item first, however short the stream" do
      [1, 2, 5].each do |count|
        seen = seen_by do
          producer(:source) { |output| count.times { |n| output.to(:aside) << n } }
          consumer(:other) { |n| n }
          consumer(:aside, await: 5) { |n| @seen << n }
        end

        expect(seen).to eq([*0...count])
      end
    end

    it "does not make a run wait for it" do
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      seen_by do
        producer(:source) { |output| output << 1 }
        consumer(:keep) { |n| n }
        consumer(:aside, await: 20) { |n| n }
      end

      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - start).to be < 5
    end
  end

  it "ends stages one after another, in definition order: a flush may still route" do
    seen = seen_by do
      producer(:source) { |output| 3.times { |n| output.to(:first) << n } }
      consumer(:other) { |n| n }
      accumulator(:first, max_size: 10, await: true) { |batch, output| output.to(:second) << [:first, batch] }
      accumulator(:second, max_size: 10, await: true) { |batch, output| output.to(:third) << [:second, batch] }
      consumer(:third, await: true) { |x| @seen << x }
    end

    expect(seen).to eq([[:second, [[:first, [0, 1, 2]]]]])
  end

  it "lets awaited stages feed each other, both ways" do
    seen = seen_by do
      producer(:source) { |output| output.to(:ping) << 7 }
      consumer(:other) { |n| n }
      processor(:ping, await: true) { |n, output| n.zero? ? output.to(:keep) << :done : output.to(:pong) << (n - 1) }
      processor(:pong, await: true) { |n, output| n.zero? ? output.to(:keep) << :done : output.to(:ping) << (n - 1) }
      consumer(:keep, await: true) { |x| @seen << x }
    end

    expect(seen).to eq([:done])
  end

  it "runs the cascade behind each awaited stage out before the next one ends" do
    seen = seen_by do
      producer(:source) { |output| output.to(:first) << 1 }
      consumer(:other) { |n| n }
      accumulator(:first, max_size: 9, await: true, to: :behind)
      processor(:behind) { |batch, output| output.to(:second) << batch }
      accumulator(:second, max_size: 9, await: true, to: :keep)
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to eq([[[1]]])
  end

  it "holds for the entrances of a pipeline" do
    seen = seen_by do
      producer(:source) { |output| 2.times { |n| output.to(:part) << n } }
      consumer(:other) { |n| n }
      pipeline(:part, await: true, to: :keep) do
        processor(:a, to: :join) { |n, output| output << [:a, n] }
        processor(:b, to: :join) { |n, output| output << [:b, n] }
        processor(:join) { |x, output| output << x }
      end
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to match_array([[:a, 0], [:b, 0], [:a, 1], [:b, 1]])
  end

  it "works in pools and forks" do
    seen = seen_by do
      producer(:source) { |output| 9.times { |n| output.to(%i[pool cow ipc][n % 3]) << n } }
      consumer(:other) { |n| n }
      thread_pool(2) { processor(:pool, await: true, to: :keep) { |n, output| output << n } }
      cow_fork(2) { processor(:cow, await: true, to: :keep) { |n, output| output << n } }
      ipc_fork(2) { processor(:ipc, await: true, to: :keep) { |n, output| output << n } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to match_array([*0...9])
  end
end
