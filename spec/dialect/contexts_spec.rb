# frozen_string_literal: true

require_relative "dialect_helper"

# Section 10: what runs at the same time, and in which order results come.
RSpec.describe "Execution contexts" do
  # The most items that were in a stage's hands at once; they wait until `meet` are.
  def together(meet, limit: 5, **options, &wrap)
    now = most = 0
    lock = Mutex.new
    full = ConditionVariable.new
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + limit
    work = proc do |n, output|
      lock.synchronize do
        now += 1
        most = [most, now].max
        full.broadcast
        until most >= meet || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
          full.wait(lock, 0.05)
        end
        now -= 1
      end
      output << n
    end
    wrap ||= proc { processor(:work, **options, &work) }
    flow do
      producer(:source) { |output| (meet * 2).times { |n| output << n } }
      instance_exec(work, &wrap)
      processor(:more) { |n, output| output << n }
      consumer(:keep) { |n| @seen << n }
    end.run
    most
  end

  it "handles one item at a time in a plain stage" do
    expect(together(2, limit: 0.3)).to eq(1)
  end

  it "keeps order end to end through plain stages" do
    seen = seen_by do
      producer(:source) { |output| 500.times { |n| output << n } }
      5.times { |k| processor(:"step_#{k}", queue_size: k + 1) { |n, output| output << n } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([*0...500])
  end

  describe "pools of threads" do
    {
      "threads: 3" => { threads: 3 },
      "execution: :thread, max: 3" => { execution: :thread, max: 3 },
      "execution: :thread_pool, threads: 3" => { execution: :thread_pool, threads: 3 },
      "execution: :threads, max: 3" => { execution: :threads, max: 3 },
      "execution: :fibers, max: 3" => { execution: :fibers, max: 3 }
    }.each do |text, options|
      it "really runs n by #{text}" do
        expect(together(3, **options)).to eq(3)
      end
    end

    it "really runs n by a block" do
      expect(together(3) { |work| thread_pool(3) { processor(:work, &work) } }).to eq(3)
      expect(together(3) { |work| fiber_pool(3) { processor(:work, &work) } }).to eq(3)
    end

    it "is of max_threads without a size" do
      expect(together(5) { |work| thread_pool { processor(:work, &work) } }).to eq(5)
    end

    it "is of max_threads for the batches of spawn_thread" do
      now = Queue.new
      seen = seen_by do
        producer(:source) { |output| 5.times { |n| output << n } }
        batch 1
        spawn_thread(:work) do |batch, output|
          now << 1
          Timeout.timeout(5) { Thread.pass until now.size == 5 }
          output << batch
        end
        consumer(:keep) { |batch| @seen << batch }
      end

      expect(seen.sort).to eq([[0], [1], [2], [3], [4]])
    end

    it "starts items in order" do
      starts = Queue.new
      seen_by do
        producer(:source) { |output| 60.times { |n| output << n } }
        processor(:work, threads: 1) { |n| starts << n }
      end

      expect(Array.new(60) { starts.pop }).to eq([*0...60])
    end

    it "passes results on as they finish" do
      gate = Queue.new
      seen = seen_by do
        producer(:source) { |output| 4.times { |n| output << n } }
        thread_pool(2) do
          processor(:work) do |n, output|
            gate.pop if n.zero?
            output << n
          end
        end
        consumer(:keep) do |n|
          @seen << n
          gate << :go if n == 3
        end
      end

      expect(seen.last).to eq(0)
      expect(seen).to match_array([0, 1, 2, 3])
    end
  end

  { "threads" => { threads: 4 }, "copy-on-write children" => { execution: :cow_fork, max: 3 },
    "persistent workers" => { execution: :ipc_fork, max: 3 } }.each do |where, options|
    it "restores the order behind #{where} with ordered: true" do
      seen = seen_by do
        producer(:source) { |output| 100.times { |n| output << n } }
        processor(:work, ordered: true, **options) do |n, output|
          (n % 7).times { Thread.pass }
          n.even? ? output << n : output << n << -n
        end
        consumer(:keep) { |n| @seen << n }
      end

      expect(seen).to eq((0...100).flat_map { |n| n.even? ? [n] : [n, -n] })
    end
  end

  it "calls producers and loop stages once, in the parent" do
    seen = seen_by do
      cow_fork(3) do
        producer(:source) { |output| output << Process.pid }
        stage(:loop) { |input, output| output << input.pop << Process.pid }
      end
      consumer(:keep) { |pid| @seen << pid }
    end

    expect(seen).to eq([Process.pid] * 2)
  end

  it "collects batches in the parent and runs their blocks in the context" do
    seen = seen_by do
      producer(:source) { |output| 6.times { |n| output << n } }
      cow_fork(2) { accumulator(:pack, max_size: 4) { |batch, output| output << [batch, Process.pid] } }
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen.map(&:first)).to match_array([[0, 1, 2, 3], [4, 5]])
    expect(seen.map(&:last)).not_to include(Process.pid)
  end

  it "chooses options before blocks, and blocks before the class" do
    klass = program do
      execution :ipc_fork, 1
      pipeline do
        producer(:source) { |output| output << {} }
        processor(:by_class) { |pids, output| output << pids.merge(class: Process.pid) }
        thread_pool(1) do
          processor(:by_block) { |pids, output| output << pids.merge(block: Process.pid) }
          processor(:by_option, processes: 1) { |pids, output| output << pids.merge(option: Process.pid) }
        end
        consumer(:keep) { |pids| @seen << pids }
      end
    end
    where = klass.new.tap(&:run).seen.first

    expect(where[:block]).to eq(Process.pid)
    expect([where[:class], where[:option], Process.pid].uniq.size).to eq(3)
  end

  %i[inline thread threads thread_pool cow_fork cow_forks ipc_fork ipc_forks process processes ractor ractors ractor_pool
     fiber fibers fiber_pool].each do |type|
    it "knows #{type}" do
      seen = seen_by do
        producer(:source) { |output| 3.times { |n| output << n } }
        processor(:work, execution: type, max: 2) { |n, output| output << n }
        consumer(:keep) { |n| @seen << n }
      end

      expect(seen).to match_array([0, 1, 2])
    end
  end

  it "refuses unknown types before any stage starts" do
    started = false
    broken = [proc { processor(:x, execution: :hovercraft) { |n| n } }, proc { consumer(:x, strategy: :hovercraft) { |n| n } }]
    named = proc { execution_context :x, :hovercraft, 2 }

    broken.each do |definition|
      object = flow do
        producer(:source) { |_output| started = true }
        instance_exec(&definition)
      end
      expect { object.run }.to raise_error(Minigun::Error, /hovercraft/)
    end
    expect { flow(&named).run }.to raise_error(ArgumentError, /hovercraft/)
    expect(started).to be(false)
  end
end
