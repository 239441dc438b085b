# frozen_string_literal: true

require_relative "dialect_helper"

# Section 17: what documentation shows and users copy.
RSpec.describe "Documented forms" do
  def pids(&stage)
    seen_by do
      producer(:source) { |output| 8.times { |n| output << n } }
      instance_exec(&stage)
      consumer(:keep) { |n, pid, thread| @seen << [n, pid, thread] }
    end
  end

  it "threads: n runs on other threads" do
    threads = pids { processor(:work, threads: 3) { |n, output| output << [n, Process.pid, Thread.current.object_id] } }

    expect(threads.map(&:first)).to match_array([*0..7])
    expect(threads.map { |x| x[1] }.uniq).to eq([Process.pid])
  end

  it "processes: n, execution: and cow_fork with a name run in children" do
    forms = [
      proc { processor(:work, processes: 2) { |n, output| output << [n, Process.pid] } },
      proc { processor(:work, execution: :cow_fork, max: 2) { |n, output| output << [n, Process.pid] } },
      proc { cow_fork(:work, max: 2) { |n, output| output << [n, Process.pid] } },
      proc { cow_fork(:work, max: 2) { |n| emit [n, Process.pid] } }
    ]
    forms.each do |form|
      seen = pids(&form)
      expect(seen.map(&:first)).to match_array([*0..7])
      expect(seen.map { |x| x[1] }).not_to include(Process.pid)
    end
  end

  it "hooks, execution and default_queue_size stand at class level" do
    klass = program do
      execution :thread, 2
      default_queue_size 10
      before_run { @seen << :start }
      before(:work) { @seen << :before }
      pipeline do
        producer(:source) { |output| output << 1 }
        processor(:work) { |n, output| output << n }
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(klass.new.tap(&:run).seen).to eq([:start, :before, 1])
  end

  it "task.run returns the count" do
    klass = program do
      pipeline do
        producer(:source) { |output| 4.times { |n| output << n } }
        consumer(:keep) { |n| n }
      end
    end

    expect(klass._minigun_task.run(klass.new)).to eq(4)
  end

  it "max_threads and max_processes are the default sizes" do
    klass = program do
      max_threads 2
      max_processes 3
      pipeline do
        producer(:source) { |output| 30.times { |n| output << n } }
        ipc_fork { processor(:work) { |_n, output| output << Process.pid } }
        consumer(:keep) { |pid| @seen << pid }
      end
    end

    expect(klass.new.tap(&:run).seen.uniq.size).to be_between(1, 3)
  end
end
