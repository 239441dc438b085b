# frozen_string_literal: true

require_relative "dialect_helper"

RSpec.describe "Queues by name" do
  def seen(object) = object.out.sort_by(&:to_s)

  def run_of(&definition)
    klass = Class.new do
      include Minigun::DSL
      attr_reader :out

      def initialize = @out = []
    end
    klass.class_eval(&definition)
    klass.new.tap(&:run)
  end

  it "hand an item to each stage that subscribes" do
    object = run_of do
      producer(:gen) { 3.times { |n| emit_to_queue(:all, n) } }
      consumer(:a, queues: :all) { |n| @out << [:a, n] }
      consumer(:b, queues: %w[all]) { |n| @out << [:b, n] }
    end

    expect(seen(object)).to eq([[:a, 0], [:a, 1], [:a, 2], [:b, 0], [:b, 1], [:b, 2]])
  end

  it "count an item once, however many subscribe" do
    klass = Class.new do
      include Minigun::DSL
      producer(:gen) { 5.times { |n| emit_to_queue(:all, n) } }
      2.times { |i| consumer(:"c#{i}", queues: [:all]) { |_| nil } }
    end

    expect(klass.new.run).to eq(5)
  end

  it "leave a subscriber of the default queue in the line" do
    object = run_of do
      producer(:gen) do
        emit 1
        emit_to_queue(:default, 2)
        emit_to_queue(:fast, 3)
      end
      consumer(:keep, queues: %i[default fast]) { |n| @out << n }
    end

    expect(object.out).to contain_exactly(1, 2, 3)
  end

  it "are written to by processors, batches and children" do
    object = run_of do
      producer(:gen) { 4.times { |n| emit n } }
      processor(:split, execution: :ipc_fork, max: 2) { |n| emit_to_queue(n.even? ? :even : :odd, n) }
      accumulator(:pack, queues: [:even], max_size: 10)
      consumer(:evens) { |batch| @out << batch.sort }
      consumer(:odds, queues: [:odd]) { |n| @out << n }
    end

    expect(object.out).to contain_exactly([0, 2], 1, 3)
  end

  it "reach stages of nested pipelines" do
    object = run_of do
      producer(:gen) { emit_to_queue(:deep, 7) }
      pipeline(:inner) { consumer(:keep, queues: [:deep]) { |n| @out << n } }
    end

    expect(object.out).to eq([7])
  end

  it "bear a stage that sends back to its own queue" do
    object = run_of do
      producer(:gen) { emit_to_queue(:work, 3) }
      consumer(:count_down, queues: [:work]) do |n|
        @out << n
        emit_to_queue(:work, n - 1) if n.positive?
      end
    end

    expect(object.out).to eq([3, 2, 1, 0])
  end

  it "end the run where nothing is sent" do
    object = run_of do
      producer(:gen) { nil }
      consumer(:keep, queues: [:never]) { |n| @out << n }
    end

    expect(object.out).to eq([])
  end

  it "fail an item that is sent to a queue nobody subscribes to" do
    messages = []
    allow(Minigun.logger).to receive(:error) { |text| messages << text }
    object = run_of do
      producer(:gen) { emit 1 }
      processor(:send) { |n| emit_to_queue(:evn, n) }
      consumer(:keep, queues: [:even]) { |n| @out << n }
    end

    expect(object.out).to eq([])
    expect(messages.join).to match(/no stage subscribes to the queue :evn \(did you mean :even\?\)/)
  end

  it "are refused to a producer, naming it" do
    expect { run_of { producer(:gen, queues: [:x]) { emit 1 } } }
      .to raise_error(Minigun::Error, /stage :gen.*can't take items from the queue :x/)
  end

  it "are refused where they are no names" do
    expect { run_of { consumer(:keep, queues: [3]) { |n| n } } }
      .to raise_error(Minigun::Error, /stage :keep: queues: must be a name or an Array of names/)
  end
end

RSpec.describe "A pipeline nested by its class" do
  let(:doubler) do
    Class.new do
      include Minigun::DSL
      processor(:double) { |n| emit n * factor }
    end
  end

  it "runs what the class defines on the outer object" do
    inner = doubler
    klass = Class.new do
      include Minigun::DSL
      attr_reader :out

      def initialize = @out = []
      pipeline do
        producer(:gen) { 3.times { |n| emit n } }
        nested_pipeline inner, :twice
        consumer(:keep) { |n| @out << n }
      end

      private

      def factor = 2
    end

    expect(klass.new.tap(&:run).out).to eq([0, 2, 4])
  end

  it "is refused for what is no job class" do
    klass = Class.new do
      include Minigun::DSL
      nested_pipeline String, :text
    end

    expect { klass.new.run }.to raise_error(Minigun::Error, /takes a class that includes Minigun::DSL, not String/)
  end
end
