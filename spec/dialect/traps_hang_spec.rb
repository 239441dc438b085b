# frozen_string_literal: true

require_relative "dialect_helper"

# Section 19: hangs of the original.
RSpec.describe "Traps: hangs" do
  it "ends results of children by a message, though later children hold copies of their pipes" do
    seen = seen_by do
      producer(:source, to: %i[a b c]) { |output| 6.times { |n| output << n } }
      ipc_fork(2) { processor(:a, to: :d) { |n, output| output << n } }
      cow_fork(2) { processor(:b, to: :d) { |n, output| output << n } }
      ipc_fork(2) { processor(:c, to: :d) { |n, output| output << n } }
      cow_fork(2) { processor(:d) { |n, output| output << n } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen.tally.values).to eq([3] * 6)
  end

  it "reads a child's results while it runs, whatever a pipe holds" do
    seen = seen_by do
      producer(:source) { |output| 2.times { |n| output << n } }
      cow_fork(1) { processor(:work) { |_n, output| 300.times { output << ("x" * 10_000) } } }
      consumer(:keep) { |text| @seen << text.size }
    end

    expect(seen).to eq([10_000] * 600)
  end

  it "goes on when a persistent worker dies" do
    object = program do
      max_retries 0
      pipeline do
        producer(:source) { |output| 20.times { |n| output << n } }
        ipc_fork(2) { processor(:work) { |n, output| n == 3 ? Process.kill(:KILL, Process.pid) : output << n } }
        consumer(:keep) { |n| @seen << n }
      end
    end.new
    object.run

    expect(object.seen).to match_array([*0...20] - [3])
  end

  it "ends a pool whose every worker dies on every item" do
    object = program do
      max_retries 0
      pipeline do
        producer(:source) { |output| 5.times { |n| output << n } }
        ipc_fork(2) { processor(:work) { |_n| exit!(1) } }
        consumer(:keep) { |n| @seen << n }
      end
    end.new
    object.run

    expect(object.seen).to eq([])
    expect(stats_of(object, :work).items_failed).to eq(5)
  end

  it "ends an awaited stage nobody routes to" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      consumer(:keep) { |n| @seen << n }
      consumer(:nobody, await: true) { |n| @seen << n }
    end

    expect(seen).to eq([1])
  end

  it "feeds a nested pipeline with two or more entrances" do
    seen = seen_by do
      producer(:source) { |output| 3.times { |n| output << n } }
      pipeline(:part, to: :keep) do
        processor(:a, to: :c) { |n, output| output << n }
        processor(:b, to: :c) { |n, output| output << (n + 10) }
        processor(:c) { |n, output| output << n }
      end
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to match_array([0, 1, 2, 10, 11, 12])
  end

  it "answers pop after the end" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      stage(:loop) { |input, _output| 5.times { @seen << input.pop.class } }
    end

    expect(seen).to eq([Integer] + ([Minigun::EndOfStage] * 4))
  end

  it "runs one instance again, with fan-out" do
    object = flow do
      producer(:source, to: %i[a b]) { |output| 3.times { |n| output << n } }
      processor(:a, to: %i[c d], routing: :round_robin) { |n, output| output << n }
      consumer(:b) { |n| @seen << [:b, n] }
      consumer(:c) { |n| @seen << [:c, n] }
      consumer(:d) { |n| @seen << [:d, n] }
    end
    runs = Array.new(3) do
      object.seen.clear
      object.run
      object.seen.sort
    end

    expect(runs).to eq([[[:b, 0], [:b, 1], [:b, 2], [:c, 0], [:c, 2], [:d, 1]]] * 3)
  end

  it "tells successors and releases writers when a stage fails before its loop" do
    broken = Class.new(Minigun::Stage) do
      def run_stage(_ctx) = raise("before the loop")
    end
    object = flow do
      producer(:source) { |output| 2000.times { |n| output << n } }
      custom_stage broken, :broken, queue_size: 1
      consumer(:keep) { |n| @seen << n }
    end
    object.run

    expect(object.seen).to eq([])
    expect(logged).to include("before the loop")
  end

  it "ends what is awaited when all others ended before they had begun" do
    runs = Array.new(30) do
      seen_by do
        producer(:nothing, to: :loop) { |output| output }
        consumer(:awaited, await: true) { |n| @seen << n }
        stage(:loop, to: :keep) { |input, output| until (item = input.pop).is_a?(Minigun::EndOfStage) do output << item end }
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(runs.flatten).to eq([])
  end

  it "releases writers when a stage ends early with a full queue" do
    seen = seen_by do
      producer(:source) { |output| 2000.times { |n| output << n } }
      processor(:middle) { |n, output| output << n }
      stage(:brief, queue_size: 1) { |input, output| output << input.pop }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([0])
  end
end
