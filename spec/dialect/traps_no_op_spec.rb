# frozen_string_literal: true

require_relative "dialect_helper"

# Section 19: words that did nothing in the original, and broken ones.
RSpec.describe "Traps: no-ops" do
  # Needs as many items in hands at once as it is told, else it gives up.
  def meeting(count, &definition)
    here = Queue.new
    all = Queue.new
    meet = proc do |n, output|
      here << n
      count.times { all << :go } if here.size == count
      Timeout.timeout(5) { all.pop }
      output << n
    end
    seen_by do
      producer(:source) { |output| count.times { |n| output << n } }
      instance_exec(meet, &definition)
      consumer(:keep) { |n| @seen << n }
    end
  end

  it "runs a pool of one thread apart from its upstream" do
    threads = Queue.new
    seen = seen_by do
      producer(:source) { |output| (threads << Thread.current) && output << 1 }
      thread_pool(1) { processor(:work) { |n, output| (threads << Thread.current) && output << n } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([1])
    expect(threads.pop).not_to be(threads.pop)
  end

  it "obeys threads:, execution: and max:" do
    expect(meeting(3) { |meet| processor(:work, threads: 3, &meet) }).to match_array([0, 1, 2])
    expect(meeting(3) { |meet| processor(:work, execution: :thread, max: 3, &meet) }).to match_array([0, 1, 2])
  end

  it "obeys settings of the class" do
    klass = program do
      execution :cow_fork, 1
      pipeline do
        producer(:source) { |output| output << 1 }
        processor(:work) { |_n, output| output << Process.pid }
        consumer(:keep) { |pid| @seen << pid }
      end
    end

    expect(klass.new.tap(&:run).seen).not_to include(Process.pid)
  end

  it "runs stage and fork hooks of nested pipelines, and hooks of loop stages" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      pipeline(:part) do
        before(:loop) { @seen << :before_loop }
        before_fork(:child) { @seen << :before_fork }
        after_fork(:child) { @seen << :after_fork }
        after(:child) { @seen << :after }
        stage(:loop) { |input, output| output << input.pop }
        cow_fork(1) { processor(:child) { |n| @seen << n } }
      end
    end

    expect(seen - [:before_loop, :before_fork]).to eq([:after_fork, 1, :after])
    expect(seen).to include(:before_loop, :before_fork)
  end

  it "counts failures and times of forked stages" do
    object = flow do
      producer(:source) { |output| 4.times { |n| output << n } }
      ipc_fork(1) { processor(:work) { |n| raise "two" if n == 2 } }
    end
    object.run

    expect(stats_of(object, :work)).to have_attributes(items_failed: 1, items_consumed: 4, latency_data?: true)
  end

  it "runs fiber pools" do
    expect(meeting(4) { |meet| fiber_pool(4) { processor(:work, &meet) } }).to match_array([0, 1, 2, 3])
  end

  it "runs custom classes in cow_fork, lambdas with one parameter, and hooks once under run" do
    adding = Class.new(Minigun::ConsumerStage) { def call(n) = yield(n + 1) }
    seen = seen_by do
      before_run { @seen << :start }
      after_run { @seen << :stop }
      producer(:source) { |output| output << 1 }
      cow_fork(1) { custom_stage adding, :add }
      processor(:double, &->(n) { emit n * 2 })
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([:start, 4, :stop])
  end
end

RSpec.describe "Traps: names" do
  it "hides no word silently" do
    klass = program do
      def before(*) = nil
      pipeline do
        before(:work) { @seen << :never }
        producer(:source) { |output| output << 1 }
        consumer(:work) { |n| @seen << n }
      end
    end

    expect(klass.new.tap(&:run).seen).to eq([1])
    expect(logged).to match(/WARN.*before/)
  end

  it "reserves none" do
    seen = seen_by do
      producer(:source, to: %i[source_router _input]) { |output| output << 1 }
      processor(:source_router, to: :exit) { |n, output| output << n }
      processor(:_input, to: :exit) { |n, output| output << n }
      consumer(:exit) { |n| @seen << n }
    end

    expect(seen).to eq([1, 1])
  end

  it "lets nested stages find names that are defined later" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      pipeline(:part) do
        processor(:send, to: :later) { |n, output| output << n }
        consumer(:later) { |n| @seen << [:inner, n] }
      end
      consumer(:later) { |n| @seen << [:outer, n] }
    end

    expect(seen).to eq([[:inner, 1]])
  end
end
