# frozen_string_literal: true

require_relative "dialect_helper"

# Section 19: what the original lost.
RSpec.describe "Traps: losses" do
  it "keeps a target open for its other feeders" do
    first_done = Queue.new
    seen = seen_by do
      producer(:quick, to: :other) { |output| output.to(:shared) << :quick }
      producer(:slow, to: :other) do |output|
        first_done.pop
        100.times { |n| output.to(:shared) << n }
      end
      consumer(:other) { |n| n }
      consumer(:shared, await: true) do |x|
        @seen << x
        first_done << :go if x == :quick
      end
    end

    expect(seen).to eq([:quick, *0...100])
  end

  it "delivers the first item to a stage that awaits by a number" do
    20.times do
      seen = seen_by do
        producer(:source) { |output| output.to(:aside) << :only }
        consumer(:other) { |n| n }
        consumer(:aside, await: 10) { |x| @seen << x }
      end
      expect(seen).to eq([:only])
    end
  end

  it "merges upstream input of a nested pipeline that has producers, in every run" do
    object = flow do
      producer(:source) { |output| 3.times { |n| output << n } }
      pipeline(:part, to: :keep) do
        producer(:own) { |output| output << :own }
        processor(:work) { |n, output| output << n }
      end
      consumer(:keep) { |n| @seen << n }
    end
    runs = Array.new(3) do
      object.seen.clear
      object.run
      object.seen.sort_by(&:to_s)
    end

    expect(runs).to eq([[0, 1, 2, :own]] * 3)
  end

  it "reaches a nested stage from the very first item" do
    10.times do
      seen = seen_by do
        producer(:source) { |output| 5.times { |n| output.to(:deep) << n } }
        pipeline(:late) do
          before_run { Thread.pass }
          pipeline(:later) { consumer(:deep) { |n| @seen << n } }
        end
      end
      expect(seen).to eq([0, 1, 2, 3, 4])
    end
  end

  it "returns nil, false and Arrays from children as they are" do
    items = [nil, false, [], [nil], [[1, 2], [3]]]
    %i[cow_fork ipc_fork].each do |kind|
      seen = seen_by do
        producer(:source) { |output| items.each { |x| output << x } }
        public_send(kind, 2) { processor(:work, ordered: true) { |x, output| output << x } }
        consumer(:keep) { |x| @seen << x }
      end
      expect(seen).to eq(items)
    end
  end

  it "has one buffer for a batch inside a fork block, and its remainder" do
    %i[cow_fork ipc_fork thread_pool].each do |kind|
      seen = seen_by do
        producer(:source) { |output| 23.times { |n| output << n } }
        public_send(kind, 3) do
          batch 5
          processor(:work) { |batch, output| output << batch }
        end
        consumer(:keep) { |batch| @seen << batch }
      end
      expect(seen).to match_array([*0...23].each_slice(5).to_a)
    end
  end

  it "goes on after an item error in a forked stage" do
    %i[cow_fork ipc_fork].each do |kind|
      seen = seen_by do
        producer(:source) { |output| 30.times { |n| output << n } }
        public_send(kind, 1) { processor(:work) { |n, output| (n % 10).zero? ? raise("tenth") : output << n } }
        consumer(:keep) { |n| @seen << n }
      end
      expect(seen).to match_array([*0...30] - [0, 10, 20])
    end
  end
end

RSpec.describe "Traps: wrong ways" do
  let(:sorting) do
    Class.new(Minigun::ConsumerStage) { def call(n) = n.odd? ? yield(n, to: :odd) : yield(n, to: options[:even]) }
  end

  %i[thread_pool cow_fork ipc_fork].each do |kind|
    it "follows to: of yield in #{kind}, and knows unknown targets" do
      klass = sorting
      object = flow do
        producer(:source) { |output| 4.times { |n| output << n } }
        public_send(kind, 1) { custom_stage klass, :sort, even: :nowhere }
        consumer(:default) { |n| @seen << [:default, n] }
        consumer(:odd, await: true) { |n| @seen << n }
      end
      object.run

      expect(object.seen).to eq([1, 3])
      expect(stats_of(object, :sort).items_failed).to eq(2)
      expect(logged).to include("nowhere")
    end
  end

  it "fails run by the configuration of nested pipelines" do
    broken = [proc { processor(:x, to: :nowhere) { |n| n } }, proc { processor(:x, execution: :nowhere) { |n| n } },
              proc { consumer(:x, await: "nowhere") { |n| n } }]
    broken.each do |definition|
      object = flow do
        producer(:source) { |output| output << 1 }
        pipeline(:part) { instance_exec(&definition) }
      end
      expect { object.run }.to raise_error(Minigun::Error, /nowhere/)
    end
  end
end
