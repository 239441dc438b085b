# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Features the original announced" do
  it "emit_to_queue sends an item to the stages that subscribe to a queue" do
    routed = job do
      producer(:gen) { 4.times { |n| emit_to_queue(n.even? ? :even : :odd, n) } }
      consumer(:evens, queues: [:even]) { |n| @out << [:even, n] }
      consumer(:odds, queues: [:odd]) { |n| @out << [:odd, n] }
    end
    routed.run

    expect(routed.out).to contain_exactly([:even, 0], [:odd, 1], [:even, 2], [:odd, 3])
  end

  %i[cow_fork ipc_fork fork_accumulate fork_ipc ractor_accumulate].each do |word|
    it "#{word} declares a stage with the matching strategy" do
      forked = job do
        producer(:gen) { 3.times { |n| emit n } }
        accumulator(:pack, max_size: 2)
        send(word, :keep) { |batch| @out << batch }
      end

      expect(forked.run).to eq(3)
      expect(forked.out).to contain_exactly([0, 1], [2])
    end
  end

  it "include Minigun::Task stands for the DSL" do
    klass = Class.new do
      include Minigun::Task
      attr_reader :out

      def initialize = @out = []
      producer(:gen) { emit 1 }
      consumer(:keep) { |n| @out << n }
    end

    expect(klass.new.tap(&:run).out).to eq([1])
    expect(Minigun::Task.new).to respond_to(:root_pipeline)
  end

  it "settings are stored" do
    klass = job_class do
      batch_size 10
      consumer_type :ipc_fork
      max_ractors 3
      pipe_timeout 30
      use_compression true
      gc_probability 0.1
    end

    expect(klass._minigun_task.config)
      .to include(batch_size: 10, consumer_type: :ipc_fork, max_ractors: 3, pipe_timeout: 30,
                  use_compression: true, gc_probability: 0.1)
  end

  it "threads: sets how many items a stage has in hand" do
    both = Array.new(2) { Queue.new }
    parallel = job do
      producer(:gen) { 2.times { |n| emit n } }
      processor(:meet, threads: 2) do |n|
        both[n] << n
        emit both[1 - n].pop
      end
      consumer(:keep) { |n| @out << n }
    end
    parallel.run

    expect(parallel.out).to contain_exactly(0, 1)
  end

  it "processes: runs a stage in children" do
    forked = job do
      producer(:gen) { 4.times { |n| emit n } }
      processor(:pid, processes: 2) { |_| emit Process.pid }
      consumer(:keep) { |pid| @out << pid }
    end
    forked.run

    expect(forked.out.size).to eq(4)
    expect(forked.out).not_to include(Process.pid)
  end
end
