# frozen_string_literal: true

require_relative "dialect_helper"

# Section 5: output and input.
RSpec.describe "Output" do
  it "goes to every target, counts once, chains, and is the same object on all branches" do
    object = flow do
      producer(:source, to: %i[left right]) { |output| output << +"a" << +"b" }
      consumer(:left) { |s| @seen << s }
      consumer(:right) { |s| @seen << s }
    end
    object.run

    expect(object.seen.sort).to eq(%w[a a b b])
    expect(object.seen.map(&:object_id).uniq.size).to eq(2)
    expect(stats_of(object, :source).items_produced).to eq(2)
  end

  it "takes items from threads that a block makes, for all targets and for one" do
    object = flow do
      producer(:source) { |output| 3.times { |n| output << n } }
      processor(:spread) { |n, output| Thread.new { (output << n).to(:keep) << (n + 10) }.join }
      consumer(:keep) { |n| @seen << n }
    end

    expect(object.tap(&:run).seen).to eq([0, 10, 1, 11, 2, 12])
  end

  it "takes items from another stage's block while its own stage goes on" do
    object = flow do
      producer(:source) { |output| (@output = output) && (@done = Queue.new) && (output << 1) && @done.pop }
      consumer(:keep) { |n| (@seen << n) && n == 1 ? @output << 2 : @done << true }
    end

    expect(object.tap(&:run).seen).to eq([1, 2])
    expect(stats_of(object, :source).items_produced).to eq(2)
  end

  it "does nothing without a target, and returns itself" do
    object = flow do
      producer(:source) { |output| output << 1 }
      consumer(:keep) { |n, output| @seen << (output << n).equal?(output) }
    end

    expect(object.tap(&:run).seen).to eq([true])
  end

  it "counts each <<, emit and yield once" do
    yielder = Class.new(Minigun::ConsumerStage) do
      def call(item)
        yield item
        yield item, to: :aside
      end
    end
    object = flow do
      producer(:source) do |output|
        output << 1
        emit 2
      end
      processor(:both) do |n, output|
        output << n
        emit n
        output.to(:aside) << n
      end
      custom_stage yielder, :yielder
      consumer(:keep) { |n| @seen << n }
      consumer(:aside, await: true) { |n| n }
    end
    object.run

    expect(stats_of(object, :source).items_produced).to eq(2)
    expect(stats_of(object, :both).items_produced).to eq(6)
    expect(stats_of(object, :yielder).items_produced).to eq(8)
  end

  it "blocks while a target's queue is full" do
    most = 0
    sent = done = 0
    flow do
      producer(:source) do |output|
        500.times do |n|
          output << n
          sent += 1
          most = [most, sent - done].max
        end
      end
      consumer(:keep, queue_size: 5, threads: 1) do |_n|
        Thread.pass
        done += 1
      end
    end.run

    expect([sent, done]).to eq([500, 500])
    expect(most).to be < 100
  end

  describe "#to" do
    it "reaches that stage and no other, by Symbol, String or Stage" do
      seen = seen_by do
        producer(:source) do |output|
          output.to(:aside) << 1
          output.to("aside") << 2
          output.to(_minigun_task.root_pipeline.find_stage(:aside)) << 3
        end
        consumer(:keep) { |n| @seen << [:keep, n] }
        consumer(:aside, await: true) { |n| @seen << n }
      end

      expect(seen).to eq([1, 2, 3])
    end

    it "is memoised and chains" do
      same = nil
      seen = seen_by do
        producer(:source) do |output|
          same = output.to(:aside).equal?(output.to(:aside))
          output.to(:aside) << 1 << 2
        end
        consumer(:aside, await: true) { |n| @seen << n }
      end

      expect([same, seen]).to eq([true, [1, 2]])
    end

    it "takes a name computed for each item, also of an ordinary stage" do
      seen = seen_by do
        producer(:source, to: :sort) { |output| 4.times { |n| output << n } }
        processor(:sort, to: []) { |n, output| output.to("part_#{n % 2}") << n }
        consumer(:part_0, await: true) { |n| @seen << [0, n] }
        consumer(:part_1, await: true) { |n| @seen << [1, n] }
      end

      expect(seen).to match_array([[0, 0], [1, 1], [0, 2], [1, 3]])
    end

    it "raises for an unknown target: an item error" do
      object = flow do
        producer(:source) { |output| 3.times { |n| output << n } }
        processor(:sort) { |n, output| n == 1 ? output.to(:nowhere) << n : output << n }
        consumer(:keep) { |n| @seen << n }
      end
      object.run

      expect(object.seen).to eq([0, 2])
      expect(logged).to match(/sort.*nowhere|nowhere.*sort/m)
      expect(stats_of(object, :sort).items_failed).to eq(1)
    end

    it "raises for a stage that has ended, also where it was asked for before that" do
      over, wait = Queue.new, method(:wait_until)
      seen = seen_by do
        producer(:source, to: :keep) do |output|
          aside = output.to(:aside)
          over.pop
          wait.call { _minigun_task.root_pipeline.latest_run.state(2)[:ended] }
          aside << 1
        rescue ArgumentError => e
          @seen << e.message
        end
        consumer(:keep) { |n| @seen << n }
        stage(:aside, await: 0.01) { |input, _output| over << input.pop.class }
      end

      expect(seen).to eq(["the stage aside has already ended"])
    end

    it "raises for an unknown target: the end of a producer" do
      object = flow do
        producer(:source) do |output|
          output << 1
          begin
            output.to(:nowhere)
          rescue ArgumentError => e
            @seen << e.message
            raise
          end
          output << 2
        end
        consumer(:keep) { |n| @seen << n }
      end
      object.run

      expect(object.seen).to match_array([a_string_including("nowhere"), 1])
    end
  end

  describe "#to_proc" do
    it "takes the item and a target" do
      seen = seen_by do
        producer(:source) { |output| [1, 2].each(&output).then { output.to_proc.call(3, to: :aside) } }
        consumer(:keep) { |n| @seen << n }
        consumer(:aside, await: true) { |n| @seen << [:aside, n] }
      end

      expect(seen).to match_array([1, 2, [:aside, 3]])
    end
  end

  it "carries any object, nil, false and Arrays included, as they are" do
    items = [nil, false, [], [[]], [1, [2]], {}, { a: nil }, "", 0, 2**70, 1.5, :s, nil..nil]
    seen = seen_by do
      producer(:source) { |output| items.each { |item| output << item } }
      processor(:plain) { |item, output| output << item }
      thread_pool(2) { processor(:pool, ordered: true) { |item, output| output << item } }
      cow_fork(2) { processor(:cow, ordered: true) { |item, output| output << item } }
      ipc_fork(2) { processor(:ipc, ordered: true) { |item, output| output << item } }
      consumer(:keep) { |item| @seen << item }
    end

    expect(seen).to eq(items)
  end

  it "means the same in children" do
    %i[cow_fork ipc_fork].each do |kind|
      object = flow do
        producer(:source) { |output| 4.times { |n| output << n } }
        processor(:sort, execution: kind, max: 2) do |n, output|
          case n
          when 0 then output << :a << :b
          when 1 then output.to(:aside) << n
          when 2 then output.to_proc.call(n, to: "aside")
          else output.to(:nowhere) << n
          end
        end
        consumer(:keep) { |x| @seen << x }
        consumer(:aside, await: true) { |n| @seen << [:aside, n] }
      end
      object.run

      expect(object.seen).to match_array([:a, :b, [:aside, 1], [:aside, 2]])
      expect(stats_of(object, :sort).items_failed).to eq(1)
    end
  end

  describe "emit_to_stage" do
    it "sends to one stage by name from blocks that take no output, in children too" do
      [{}, { execution: :ipc_fork, max: 2 }, { execution: :cow_fork, max: 2 }].each do |options|
        object = flow do
          producer(:source) { 4.times { |n| emit n } }
          processor(:sort, **options) { |n| emit_to_stage(n.even? ? :even : "odd", n) }
          consumer(:even) { |n| @seen << [:even, n] }
          consumer(:odd) { |n| @seen << [:odd, n] }
          consumer(:aside, await: true) { |n| @seen << [:aside, n] }
        end
        object.run

        expect(object.seen).to match_array([[:even, 0], [:odd, 1], [:even, 2], [:odd, 3]])
        expect(stats_of(object, :sort).items_produced).to eq(4)
      end
    end

    it "refuses a stage that doesn't exist, as an item error" do
      object = flow do
        producer(:source) { [1, 2].each { |n| emit n } }
        processor(:sort) { |n| n == 1 ? emit_to_stage(:nowhere, n) : emit(n) }
        consumer(:keep) { |n| @seen << n }
      end
      object.run

      expect(object.seen).to eq([2])
      expect(logged).to include("nowhere")
    end

    it "is an error outside of a stage" do
      expect { flow {}.emit_to_stage(:nowhere, 1) }.to raise_error(Minigun::Error)
    end
  end
end
