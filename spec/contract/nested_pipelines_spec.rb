# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Nested pipelines" do
  def noted(&definition)
    job { class_exec(&definition) }.tap(&:run).out
  end

  it "without upstream are sources" do
    expect(noted do
      pipeline :inner, to: :keep do
        producer(:gen) { 2.times { |n| emit n } }
        processor(:inc) { |n| emit n + 1 }
      end
      consumer(:keep) { |n| @out << n }
    end).to eq([1, 2])
  end

  it "without upstream and successors drop what they emit" do
    lone = job do
      pipeline :inner do
        producer(:gen) { 2.times { |n| emit n } }
        processor(:note) { |n| emit n.tap { @out << n } }
      end
    end

    expect(lone.run).to eq(2)
    expect(lone.out).to eq([0, 1])
  end

  it "with upstream and successors pass items through" do
    expect(noted do
      producer(:gen) { 2.times { |n| emit n } }
      pipeline :inner do
        processor(:inc) { |n| emit n + 1 }
        processor(:twice) { |n| 2.times { emit n } }
      end
      consumer(:keep) { |n| @out << n }
    end).to eq([1, 1, 2, 2])
  end

  it "with upstream only use items up" do
    expect(noted do
      producer(:gen, to: :inner) { emit 1 }
      pipeline(:inner) { processor(:keep) { |n| emit n.tap { @out << n } } }
    end).to eq([1])
  end

  it "with upstream and producers of their own run both" do
    expect(noted do
      producer(:gen, to: :inner) { emit 1 }
      pipeline :inner, to: :keep do
        producer(:own) { emit 10 }
        processor(:inc) { |n| emit n + 1 }
      end
      consumer(:keep) { |n| @out << n }
    end).to contain_exactly(2, 11)
  end

  it "enter at the first stage that is no producer" do
    expect(noted do
      producer(:gen, to: :inner) { emit 1 }
      pipeline :inner, to: :keep do
        producer(:own, to: :last) { emit 10 }
        processor(:first, to: :last) { |n| emit n + 100 }
        processor(:last) { |n| emit n }
      end
      consumer(:keep) { |n| @out << n }
    end).to contain_exactly(101, 10)
  end

  it "have their own routing" do
    expect(noted do
      producer(:gen) { emit 1 }
      pipeline :inner, to: :keep do
        processor(:split, to: %i[l r]) { |n| emit n }
        processor(:l, to: :m) { |n| emit n + 10 }
        processor(:r, to: :m) { |n| emit n + 20 }
        processor(:m) { |n| emit n }
      end
      consumer(:keep) { |n| @out << n }
    end).to contain_exactly(11, 21)
  end

  it "forward what every terminal stage emits" do
    expect(noted do
      producer(:gen) { emit 1 }
      pipeline :inner, to: :keep do
        processor(:split, to: %i[l r]) { |n| emit n }
        processor(:l) { |n| emit n + 10 }
        processor(:r) { |n| emit n + 20 }
      end
      consumer(:keep) { |n| @out << n }
    end).to contain_exactly(11, 21)
  end

  it "have their own accumulators, flushed at the end" do
    expect(noted do
      producer(:gen) { 5.times { |n| emit n } }
      pipeline(:inner) { accumulator(:pack, max_size: 2) }
      consumer(:keep) { |batch| @out << batch }
    end).to eq([[0, 1], [2, 3], [4]])
  end

  it "run their stage-level hooks like any other" do
    expect(noted do
      producer(:gen) { 2.times { |n| emit n } }
      pipeline :inner do
        processor(:inc, before: -> { @out << :before }, after: -> { @out << :after }) { |n| emit n + 1 }
      end
      consumer(:keep) { |n| n }
    end).to eq(%i[before after before after])
  end

  it "fire before_run and after_run once, around their own work" do
    events = noted do
      before_run { @out << :outer_start }
      producer(:gen) { 3.times { |n| emit n } }
      pipeline :inner do
        before_run { @out << :inner_start }
        after_run { @out << :inner_stop }
        processor(:work) { |n| emit n.tap { @out << n } }
      end
      consumer(:keep) { |n| n }
      after_run { @out << :outer_stop }
    end

    expect(events).to eq([:outer_start, :inner_start, 0, 1, 2, :inner_stop, :outer_stop])
  end

  it "deliver items as they come, not at their end" do
    arrived = Queue.new
    expect(noted do
      pipeline :inner, to: :keep do
        producer(:gen) do
          1_000.times { |n| emit n }
          @out << :gone_on if arrived.pop
        end
      end
      consumer(:keep) { |n| arrived << n }
    end).to eq([:gone_on])
  end

  it "deliver what an emitting last stage behind others emits" do
    expect(noted do
      pipeline :inner, to: :keep do
        producer(:gen) { emit 1 }
        processor(:a) { |n| emit n + 1 }
        consumer(:b) { |n| emit n * 10 }
      end
      consumer(:keep) { |n| @out << n }
    end).to eq([20])
  end

  it "may hold pipelines themselves" do
    expect(noted do
      producer(:gen) { emit 1 }
      pipeline :outer do
        processor(:a) { |n| emit n + 1 }
        pipeline(:inner) { processor(:b) { |n| emit n * 10 } }
        processor(:c) { |n| emit n + 1 }
      end
      consumer(:keep) { |n| @out << n }
    end).to eq([21])
  end

  it "may use names of stages used elsewhere" do
    expect(noted do
      producer(:gen) { emit 1 }
      processor(:inc) { |n| emit n + 1 }
      pipeline(:one) { processor(:inc) { |n| emit n + 10 } }
      processor(:between) { |n| emit n }
      pipeline(:two) { processor(:inc) { |n| emit n + 100 } }
      consumer(:keep) { |n| @out << n }
    end).to eq([112])
  end

  it "put together by hand are routed by the same rules" do
    seen = []
    line = pipeline do |p|
      p.add_stage(:producer, :gen, to: :inner) { 3.times { |n| emit n } }
      p.stages[:inner] = Minigun::PipelineStage.new(name: :inner)
      p.stages[:inner].add_stage(:processor, :inc) { |n| emit n + 1 }
      p.stages[:inner].add_stage(:accumulator, :pack, max_size: 2)
      p.stages[:inner].pipeline = Minigun::Pipeline.new(:inner)
      p.add_stage(:consumer, :keep, from: :inner) { |batch| seen << batch }
    end

    expect(line.run(Object.new)).to eq(3)
    expect(seen).to eq([[1, 2], [3]])
  end

  it "without a pipeline in them pass items on" do
    seen = []
    line = pipeline do |p|
      p.add_stage(:producer, :gen, to: :empty) { emit 1 }
      p.stages[:empty] = Minigun::PipelineStage.new(name: :empty)
      p.add_stage(:consumer, :keep, from: :empty) { |n| seen << n }
    end
    line.run(Object.new)

    expect(seen).to eq([1])
  end

  it "have statistics of their own" do
    inner = job_class do
      producer(:gen) { 3.times { |n| emit n } }
      pipeline(:inner) { processor(:twice) { |n| 2.times { emit n } } }
      consumer(:keep) { |n| n }
    end
    inner.new.run
    nested = root(inner).stages[:inner].pipeline

    expect(stats(nested, :twice).items_consumed).to eq(3)
    expect(stats(nested, :twice).items_produced).to eq(6)
    expect(stats(inner, :inner).items_produced).to eq(6)
  end

  it "run concurrently with everything else", :no_leaks do
    expect(noted do
      3.times { |i| pipeline(:"line#{i}", to: :keep) { producer(:gen) { 500.times { |n| emit [i, n] } } } }
      consumer(:keep) { |i, n| @out << [i, n] }
    end.size).to eq(1_500)
  end
end
