# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "The count a run returns" do
  it "is what the producers emitted" do
    expect(job do
      2.times { |i| producer(:"gen#{i}") { 3.times { |n| emit n } } }
      consumer(:keep) { |n| n }
    end.run).to eq(6)
  end

  it "does not depend on what processors emit" do
    expect(job do
      producer(:gen) { 7.times { |n| emit n } }
      processor(:thrice) { |n| 3.times { emit n } }
      consumer(:keep) { |n| n }
    end.run).to eq(7)
  end

  it "does not depend on filters" do
    expect(job do
      producer(:gen) { 7.times { |n| emit n } }
      processor(:none) { |n| n }
      consumer(:keep) { |n| n }
    end.run).to eq(7)
  end

  it "counts a fan-out once" do
    expect(job do
      producer(:gen, to: %i[a b c]) { 4.times { |n| emit n } }
      %i[a b c].each { |name| consumer(name) { |n| n } }
    end.run).to eq(4)
  end

  it "counts a producer without successors" do
    expect(job { producer(:gen) { 4.times { |n| emit n } } }.run).to eq(4)
  end

  it "is what went through accumulators, if one passed something on" do
    expect(job do
      producer(:gen) { 7.times { |n| emit n } }
      processor(:odd) { |n| emit n if n.odd? }
      accumulator(:pack, max_size: 2)
      consumer(:keep) { |batch| batch }
    end.run).to eq(3)
  end

  it "adds up several accumulators" do
    expect(job do
      producer(:gen, to: %i[a b]) { 5.times { |n| emit n } }
      accumulator(:a, to: :keep)
      accumulator(:b, to: :keep)
      consumer(:keep) { |batch| batch }
    end.run).to eq(10)
  end

  it "is what sources emitted, if no accumulator passed anything on" do
    expect(job do
      producer(:gen) { 7.times { |n| emit n } }
      processor(:none) { |n| n }
      accumulator(:pack)
      consumer(:keep) { |batch| batch }
    end.run).to eq(7)
  end

  it "counts what source pipelines emit" do
    expect(job do
      pipeline(:inner, to: :keep) do
        producer(:gen) { 3.times { |n| emit n } }
        processor(:twice) { |n| 2.times { emit n } }
      end
      producer(:other, to: :keep) { emit 1 }
      consumer(:keep) { |n| n }
    end.run).to eq(7)
  end

  it "counts what was emitted before an error" do
    expect(job do
      producer(:gen) do
        2.times { |n| emit n }
        raise "dry"
      end
    end.run).to eq(2)
  end

  it "is for one run only" do
    again = job do
      producer(:gen) { 3.times { |n| emit n } }
      accumulator(:pack)
      consumer(:keep) { |batch| batch }
    end

    expect([again.run, again.perform, again.class.new.run]).to eq([3, 3, 3])
  end

  it "is the same from task and pipeline" do
    klass = job_class do
      producer(:gen) { 3.times { |n| emit n } }
      consumer(:keep) { |n| @out << n }
    end
    task = klass._minigun_task

    expect([task.run(klass.new), task.perform(klass.new), task.root_pipeline.run(klass.new)]).to eq([3, 3, 3])
  end
end
