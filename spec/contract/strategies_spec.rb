# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Strategies of terminal stages" do
  # The pids the terminal stage ran in.
  def pids(strategy, items: 4, **settings)
    job do
      settings.each { |name, value| send(name, value) }
      producer(:gen) { items.times { |n| emit n } }
      accumulator(:pack, max_size: 1)
      consumer(:keep, strategy: strategy) { |_| @out << Process.pid }
    end.tap(&:run).out
  end

  %i[threaded spawn_thread spawn_ractor ractor].each do |strategy|
    it ":#{strategy} runs in the process" do
      expect(pids(strategy)).to eq([Process.pid] * 4)
    end
  end

  %i[spawn_fork fork_ipc].each do |strategy|
    it ":#{strategy} runs in children" do
      expect(pids(strategy).size).to eq(4)
      expect(pids(strategy)).not_to include(Process.pid)
    end

    it ":#{strategy} leaves no child, thread or descriptor behind", :no_leaks do
      pids(strategy)

      expect(children?).to be(false)
    end

    it ":#{strategy} has at most max_processes children at a time" do
      job = job do
        max_processes 2
        producer(:gen) { 12.times { |n| emit n } }
        accumulator(:pack, max_size: 1)
        consumer(:keep, strategy: strategy) do |_|
          start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
          sleep 0.02
          @out << [start, Process.clock_gettime(Process::CLOCK_MONOTONIC)]
        end
      end
      job.run
      at_once = job.out.map { |start, _| job.out.count { |from, to| from <= start && start < to } }.max

      expect(job.out.size).to eq(12)
      expect(at_once).to be_between(1, 2)
    end
  end

  it "mixed ones all get every batch" do
    mixed = job do
      producer(:gen) { 30.times { |n| emit n } }
      accumulator(:pack, max_size: 4, to: %i[a b c d])
      spawn_fork(:a) { |batch| @out.concat(batch) }
      spawn_thread(:b) { |batch| @out.concat(batch) }
      spawn_ractor(:c) { |batch| @out.concat(batch) }
      consumer(:d, strategy: :fork_ipc) { |batch| @out.concat(batch) }
    end
    mixed.run

    expect(mixed.out.tally).to eq((0...30).to_h { |n| [n, 4] })
  end

  it "run in the process where there is no fork" do
    ended = ruby(<<~RUBY, "-I#{ContractHelper::LIB}")
      Process.singleton_class.undef_method(:fork)
      require "minigun"
      class Job
        include Minigun::DSL
        before_fork { print "before " }
        after_fork { print "after " }
        producer(:gen) { 2.times { |n| emit n } }
        accumulator(:pack)
        spawn_fork(:keep) { |batch| print batch, Process.pid == $$ }
      end
      print Job.new.run
    RUBY

    expect(ended.out).to match(/before after \[0, 1\]true2\z/)
  end
end
