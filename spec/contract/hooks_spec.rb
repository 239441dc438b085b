# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Hooks" do
  def events(&definition)
    job { class_exec(&definition) }.tap(&:run).out
  end

  it "before_run and after_run enclose everything, children included" do
    log = events do
      before_run { @out << :start }
      after_run { @out << :stop }
      producer(:gen, before: -> { @out << :before }, after: -> { @out << :after }) { emit 1 }
      accumulator(:pack)
      spawn_fork(:keep) { |_| @out << :child }
    end

    expect(log.first).to eq(:start)
    expect(log.last).to eq(:stop)
    expect(log).to include(:before, :after, :child)
  end

  %i[run perform].each do |way|
    it "before_run and after_run fire once by #{way}" do
      hooked = job do
        before_run { @out << :start }
        after_run { @out << :stop }
        producer(:gen) { emit 1 }
      end
      2.times { hooked.public_send(way) }

      expect(hooked.out).to eq(%i[start stop start stop])
    end
  end

  it "before_run and after_run fire once by Task and Pipeline" do
    klass = job_class do
      before_run { @out << :start }
      after_run { @out << :stop }
      producer(:gen) { emit 1 }
    end
    runs = [klass._minigun_task.method(:run), klass._minigun_task.method(:perform),
            klass._minigun_task.root_pipeline.method(:run)]

    expect(runs.map { |run| klass.new.tap { |object| run.call(object) }.out }).to eq([%i[start stop]] * 3)
  end

  it "before and after of a producer fire once, around its block" do
    expect(events do
      producer(:gen, before: -> { @out << :before }, after: -> { @out << :after }) do
        @out << :block
        3.times { |n| emit n }
      end
      processor(:work) { |n| @out << n }
    end).to eq([:before, :block, :after, 0, 1, 2])
  end

  it "before and after of a processor fire for each item" do
    expect(events do
      producer(:gen) { 2.times { |n| emit n } }
      processor(:work, before: -> { @out << :before }, after: -> { @out << :after }) { |n| emit n.tap { @out << n } }
    end).to eq([:before, 0, :after, :before, 1, :after])
  end

  it "before and after of a processor fire around each item, however many" do
    expect(events do
      producer(:gen) { 200.times { |n| emit n } }
      processor(:work, before: -> { @out << :before }, after: -> { @out << :after }) { |n| emit n.tap { @out << n } }
    end).to eq((0...200).flat_map { |n| [:before, n, :after] })
  end

  it "before of each branch fires once per item" do
    expect(events do
      producer(:gen, to: %i[a b]) { 3.times { |n| emit n } }
      processor(:a, before: -> { @out << :a }) { |n| n }
      processor(:b, before: -> { @out << :b }) { |n| n }
    end.tally).to eq({ a: 3, b: 3 })
  end

  it "take no argument" do
    expect(events do
      before_run(&-> { @out << :start })
      before(:work, &-> { @out << :before })
      before_fork(&-> { @out << :fork })
      producer(:gen) { emit 1 }
      processor(:work, after: -> { @out << :after }) { |n| emit n }
      consumer(:keep) { |n| n }
    end).to include(:start, :before, :fork, :after)
  end

  it "of one type run in the order of registration, inline ones with their stage" do
    expect(events do
      before(:work) { @out << 1 }
      producer(:gen) { emit 1 }
      processor(:work, before: -> { @out << 2 }) { |n| n }
      before(:work) { @out << 3 }
      before_run { @out << :a }
      before_run { @out << :b }
    end).to eq([:a, :b, 1, 2, 3])
  end

  it "leave what they set on the user object" do
    hooked = job do
      attr_reader :flag, :times

      before_run { @flag, @times = :set, { start: 1 } }
      producer(:gen) { emit 1 }
      after_run { @times[:stop] = 2 }
    end
    hooked.run

    expect([hooked.flag, hooked.times]).to eq([:set, { start: 1, stop: 2 }])
  end

  describe "of forks" do
    it "run in parent and child, pipeline-level ones first, the child's before it consumes" do
      parent = Process.pid
      log = events do
        max_processes 1
        before_fork { @out << [:before_all, Process.pid == parent] }
        before_fork(:keep) { @out << [:before_keep, Process.pid == parent] }
        after_fork { @out << [:after_all, Process.pid == parent] }
        after_fork(:keep) { @out << [:after_keep, Process.pid == parent] }
        producer(:gen) { emit 1 }
        accumulator(:pack)
        spawn_fork(:keep) { |_| @out << [:block, Process.pid == parent] }
      end

      expect(log).to eq([[:before_all, true], [:before_keep, true], [:after_all, false],
                         [:after_keep, false], [:block, false]])
    end

    it "of a stage concern that stage only" do
      log = events do
        max_processes 1
        producer(:gen) { emit 1 }
        accumulator(:pack, to: %i[a b])
        spawn_fork(:a, before_fork: -> { @out << :before_a }, after_fork: -> { @out << :after_a }) { |_| @out << :a }
        spawn_fork(:b) { |_| @out << :b }
      end

      expect(log).to contain_exactly(:before_a, :after_a, :a, :b)
      expect(log.index(:after_a)).to be < log.index(:a)
    end

    it "are held for every child, in the process of its blocks" do
      log = events do
        max_processes 2
        after_fork { @mine = Process.pid }
        producer(:gen) { 8.times { |n| emit n } }
        accumulator(:pack, max_size: 1)
        spawn_fork(:keep) { |_| @out << (@mine == Process.pid) }
      end

      expect(log).to eq([true] * 8)
    end

    it "before_fork fires for a plain terminal stage too, before after_run" do
      log = events do
        before_fork { @out << :all }
        before_fork(:keep) { @out << :keep }
        after_run { @out << :stop }
        producer(:gen) { emit 1 }
        consumer(:keep) { |n| @out << n }
      end

      expect(log).to include(:all, :keep, 1)
      expect(log.last).to eq(:stop)
      expect(log.index(:all)).to be < log.index(:keep)
    end

    it "leave a plain terminal stage in the parent" do
      pids = []
      job do
        before_fork { nil }
        after_fork { nil }
        producer(:gen) { emit 1 }
        consumer(:keep) { |_| pids << Process.pid }
      end.run

      expect(pids).to eq([Process.pid])
    end
  end
end
