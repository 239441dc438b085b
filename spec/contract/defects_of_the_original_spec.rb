# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Defects of the original" do
  def noted(&definition)
    job { class_exec(&definition) }.tap(&:run).out
  end

  it "no deadlock when a processor emits more than a queue holds" do
    expect(noted do
      max_threads 1
      max_processes 1
      producer(:gen) { 2.times { |n| emit n } }
      processor(:fan) { |_| 20_000.times { |n| emit n } }
      processor(:same) { |n| emit n }
      consumer(:keep) { |n| @out << n }
    end.size).to eq(40_000)
  end

  it "no deadlock with many items through two processors" do
    expect(noted do
      producer(:gen) { 20_000.times { |n| emit n } }
      processor(:a) { |n| emit n }
      processor(:b) { |n| emit n }
      consumer(:keep) { |n| @out << n }
    end).to eq((0...20_000).to_a)
  end

  it "no hang after an exception in a processor" do
    expect(noted do
      producer(:gen) { 100.times { |n| emit n } }
      processor(:a) { |n| n == 50 ? raise("half") : emit(n) }
      consumer(:keep) { |n| @out << n }
    end.size).to eq(99)
  end

  it "no lost remainder before a stage that is not terminal" do
    expect(noted do
      producer(:gen) { 5.times { |n| emit n } }
      accumulator(:pack, max_size: 2)
      processor(:same) { |batch| emit batch }
      consumer(:keep) { |batch| @out << batch }
    end).to eq([[0, 1], [2, 3], [4]])
  end

  it "no lost output of a source pipeline with processors" do
    expect(noted do
      pipeline :inner, to: :keep do
        producer(:gen) { 50.times { |n| emit n } }
        processor(:a) { |n| emit n }
        processor(:b) { |n| emit n }
      end
      consumer(:keep) { |n| @out << n }
    end).to eq((0...50).to_a)
  end

  it "no items lost among terminal pipelines at work together" do
    expect(noted do
      producer(:gen, to: %i[a b c]) { 500.times { |n| emit n } }
      %i[a b c].each do |name|
        pipeline name do
          processor(:same) { |n| emit [name, n].tap { Thread.pass } }
          consumer(:keep) { |item| @out << item }
        end
      end
    end.tally.values.uniq).to eq([1])
  end

  it "no NoMethodError for emit in a terminal stage of the root" do
    noted do
      producer(:gen) { emit 1 }
      consumer(:keep) { |n| emit n }
    end

    expect(errors_logged).to eq([])
  end

  it "no producer block run again by an automatic edge" do
    expect(noted do
      producer(:a) { 3.times { |n| emit n } }
      consumer(:keep) { |n| n }
      producer(:b) { @out << :once }
    end).to eq([:once])
  end

  it "no instance variable of a producer lost" do
    setting = job { producer(:gen) { emit(@made = 1) } }
    setting.run

    expect(setting.instance_variable_get(:@made)).to eq(1)
  end

  it "no forwarding of a source pipeline only when it has finished" do
    arrived = Queue.new
    expect(noted do
      pipeline(:inner, to: :keep) do
        producer(:gen) do
          2_000.times { |n| emit n }
          @out << arrived.pop
        end
      end
      consumer(:keep) { |n| arrived << n }
    end).to eq([0])
  end

  it "no child's changes lost" do
    expect(noted do
      producer(:gen) { emit 1 }
      accumulator(:pack)
      spawn_fork(:keep) { |batch| @out << batch }
    end).to eq([[1]])
  end

  it "no counters that add up over runs" do
    again = job do
      producer(:gen) { 3.times { |n| emit n } }
      consumer(:keep) { |n| n }
    end

    expect(Array.new(3) { again.run }).to eq([3, 3, 3])
    expect(stats(again).total_produced).to eq(3)
  end

  it "no items of one terminal stage overtaking each other" do
    expect(noted do
      producer(:gen) { 2_000.times { |n| emit n } }
      consumer(:keep) { |n| @out << n.tap { Thread.pass if (n % 100).zero? } }
    end).to eq((0...2_000).to_a)
  end
end
