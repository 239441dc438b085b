# frozen_string_literal: true

require_relative "dialect_helper"

# Section 3: the words of a `pipeline` block and their options.
RSpec.describe "Words in a pipeline block" do
  %i[producer processor consumer stage].each do |word|
    it "needs a name for #{word}" do
      object = flow { public_send(word) { |n| n } }

      expect { object.run }.to raise_error(ArgumentError)
    end
  end

  it "takes options as keywords or as a Hash, and keeps unknown ones" do
    object = flow do
      producer(:source, { to: :keep, colour: :red }) { |output| output << 1 }
      consumer(:keep, shape: :round) { |n| @seen << n }
    end
    object.run
    root = object._minigun_task.root_pipeline

    expect(object.seen).to eq([1])
    expect(root.find_stage(:source).options).to include(colour: :red)
    expect(root.find_stage(:keep).options).to include(shape: :round)
  end

  it "takes processor and consumer for the same word" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      consumer(:add) { |n, output| output << (n + 1) }
      processor(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([2])
  end

  it "lets a terminal consumer of a nested pipeline feed what encloses it" do
    seen = seen_by do
      pipeline(:part, to: :keep) do
        producer(:source) { |output| output << 1 }
        consumer(:add) { |n, output| output << (n + 1) }
      end
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([2])
  end

  it "names accumulators and batches by default" do
    object = flow do
      producer(:source) { |output| 5.times { |n| output << n } }
      batch 2
      accumulator
      batch 1
      consumer(:keep) { |batch| @seen << batch }
    end
    object.run

    expect(object.seen).to eq([[[[0, 1], [2, 3], [4]]]])
    expect(object._minigun_task.root_pipeline.find_stage(:accumulator).max_size).to eq(100)
  end

  it "passes a batch on after max_wait, while the producer still waits" do
    answer = Queue.new
    object = flow do
      producer(:source) do |output|
        output << 1
        @seen << answer.pop
      end
      accumulator(:pack, max_size: 100, max_wait: 0.02)
      consumer(:keep) { |batch| answer << batch }
    end
    object.run

    expect(object.seen).to eq([[1]])
  end

  it "takes every target in any form, also stages defined later" do
    object = flow do
      producer("source", to: ["left", :right]) { |output| output << 1 }
      processor(:left, to: "keep") { |n, output| output << (n + 1) }
      processor(:right) { |n, output| output << (n + 2) }
      consumer("keep", from: %i[right]) { |n| @seen << n }
    end

    expect(object.tap(&:run).seen).to match_array([2, 3])
  end

  it "takes a Stage as an end" do
    line = Minigun::Pipeline.new(:line)
    seen = []
    line.add_stage(:consumer, :keep) { |n| seen << n }
    line.add_stage(:processor, :other) { |n| seen << [:other, n] }
    line.add_stage(:producer, :source, to: line.find_stage(:keep)) { emit 1 }
    line.run(Object.new)

    expect(seen).to eq([1])
  end

  describe "context words" do
    it "holds for all stages of the block, nested ones inside out" do
      seen = seen_by do
        producer(:source) { |output| output << [] }
        cow_fork(1) do
          processor(:one) { |pids, output| output << (pids + [Process.pid]) }
          processor(:two) { |pids, output| output << (pids + [Process.pid]) }
          thread_pool(1) { processor(:three) { |pids, output| output << (pids + [Process.pid]) } }
        end
        consumer(:keep) { |pids| @seen << (pids + [Process.pid]) }
      end
      one, two, three, four = seen.first

      expect([one, two, three, four].uniq.size).to eq(3)
      expect(three).to eq(Process.pid)
    end

    { thread_pool: :max, cow_fork: :max, ipc_fork: :processes, ractor_pool: :threads, fiber_pool: :max }.each do |word, size|
      it "makes one stage of #{word} with a name" do
        seen = seen_by do
          producer(:source) { |output| 6.times { |n| output << n } }
          public_send(word, :work, size => 2) { |n, output| output << (n * 2) }
          consumer(:keep) { |n| @seen << n }
        end

        expect(seen).to match_array([0, 2, 4, 6, 8, 10])
      end
    end

    it "runs named contexts of the instance, in any of its pipelines" do
      seen = seen_by do
        execution_context :heavy, :cow_fork, 2
        producer(:source) { |output| output << [] }
        pipeline(:part) do
          processor(:inner, execution_context: :heavy) { |pids, output| output << (pids + [Process.pid]) }
        end
        processor(:outer, execution_context: "heavy") { |pids, output| output << (pids + [Process.pid]) }
        consumer(:keep) { |pids| @seen << pids }
      end
      wanted = flow { processor(:x, execution_context: :nowhere) { |n| n } }

      expect(seen.first.size).to eq(2)
      expect(seen.first).not_to include(Process.pid)
      expect { wanted.run }.to raise_error(ArgumentError, /nowhere/)
    end
  end

  it "has hooks for stages that come later, also in a context block" do
    seen = seen_by do
      before(:work) { @seen << :before }
      after(:work) { @seen << :after }
      before_run { @seen << :start }
      after_run { @seen << :stop }
      producer(:source) { |output| output << 1 }
      thread_pool(1) { processor(:work) { |n, output| output << n } }
      consumer(:keep) { |n| n }
    end

    expect(seen).to eq(%i[start before after stop])
  end

  it "takes inline hooks as procs and as lambdas" do
    seen = seen_by do
      producer(:source, before: -> { @seen << :b }, after: proc { @seen << :a }) { |output| output << 1 }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([:b, :a, 1])
  end

  it "replaces all outgoing edges by reroute_stage, checked after the replay" do
    rerouted = flow do
      reroute_stage :source, to: %i[left right]
      producer(:source, to: :never) { |output| output << 1 }
      consumer(:never) { |n| @seen << [:never, n] }
      consumer(:left) { |n| @seen << [:left, n] }
      consumer(:right) { |n| @seen << [:right, n] }
    end
    unknown_end = flow do
      producer(:source) { |output| output << 1 }
      reroute_stage :source, to: :nowhere
    end
    unknown_start = flow do
      reroute_stage :noone, to: :keep
      producer(:source) { |output| output << 1 }
      consumer(:keep) { |n| n }
    end

    expect(rerouted.tap(&:run).seen).to match_array([[:left, 1], [:right, 1]])
    expect { unknown_end.run }.to raise_error(Minigun::Error, /nowhere/)
    expect { unknown_start.run }.to raise_error(Minigun::Error, /noone/)
  end
end
