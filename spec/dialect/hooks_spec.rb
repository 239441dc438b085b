# frozen_string_literal: true

require_relative "dialect_helper"

# Section 12.
RSpec.describe "Hooks" do
  it "fire once per run, the root's outermost, a nested pipeline's around its own work" do
    seen = seen_by do
      before_run { @seen << :start }
      after_run { @seen << :stop }
      producer(:source) { |output| output << 1 }
      pipeline(:part) do
        before_run { @seen << :inner_start }
        after_run { @seen << :inner_stop }
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(seen).to eq([:start, :inner_start, 1, :inner_stop, :stop])
  end

  it "let an error in before_run leave run" do
    object = flow do
      before_run { raise "not today" }
      producer(:source) { |_output| @seen << :ran }
    end

    expect { object.run }.to raise_error(RuntimeError, "not today")
    expect(object.seen).to eq([])
  end

  it "tell when the last producer has ended, once" do
    seen = seen_by do
      after_producer { @seen << [:done, Process.pid] }
      producer(:one) { |output| output << 1 }
      producer(:two) { |output| output << 2 }
      consumer(:keep) { |n| n }
    end

    expect(seen).to eq([[:done, Process.pid]])
  end

  it "surround each item of per-item stages, terminal ones and classes included" do
    adding = Class.new(Minigun::ConsumerStage) { def call(n) = yield(n + 10) }
    seen = seen_by do
      %i[work custom keep].each do |name|
        before(name) { @seen << :"<#{name}" }
        after(name) { @seen << :"#{name}>" }
      end
      producer(:source) { |output| output << 1 }
      processor(:work, threads: 1) { |n, output| output << n }
      custom_stage adding, :custom, threads: 1
      consumer(:keep) { |n| @seen << n }
    end
    order = ->(*names) { seen.select { |x| names.include?(x) } }

    expect(order.call(:"<work", :"work>")).to eq(%i[<work work>])
    expect(order.call(:"<custom", :"custom>")).to eq(%i[<custom custom>])
    expect(order.call(:"<keep", 11, :"keep>")).to eq([:"<keep", 11, :"keep>"])
  end

  it "surround each batch of an accumulator" do
    seen = seen_by do
      before(:pack) { @seen << :before }
      after(:pack) { @seen << :after }
      producer(:source) { |output| 5.times { |n| output << n } }
      accumulator(:pack, max_size: 2) { |batch| batch }
      consumer(:keep) { |batch| batch }
    end

    expect(seen).to eq(%i[before after] * 3)
  end

  it "surround the whole of producers, loop stages and their classes, once" do
    source = Class.new(Minigun::ProducerStage) { def call = 3.times { |n| yield n } }
    loops = Class.new(Minigun::Stage) do
      def call(input, output)
        output << :none until input.pop.is_a?(Minigun::EndOfStage)
      end
    end
    object = flow do
      %i[source loop class_loop].each do |name|
        before(name) { @seen << [:before, name] }
        after(name) { @seen << [:after, name] }
      end
      custom_stage source, :source
      stage(:loop) { |input, output| output << :some until input.pop.is_a?(Minigun::EndOfStage) }
      custom_stage loops, :class_loop
      consumer(:keep) { |n| n }
    end
    object.run

    expect(object.seen.size).to eq(6)
    %i[source loop class_loop].each do |name|
      expect(object.seen.index([:before, name])).to be < object.seen.index([:after, name])
    end
  end

  describe "of forks" do
    %i[cow_fork ipc_fork].each do |kind|
      it "run in parent and child of #{kind}, pipeline-level ones first" do
        parent = Process.pid
        object = flow do
          before_fork { @seen << [:pipeline, Process.pid == parent] }
          before_fork(:work) { @seen << [:stage, Process.pid == parent] }
          after_fork { @seen << [:child_pipeline, Process.pid == parent] }
          after_fork(:work) { @seen << [:child_stage, Process.pid == parent] }
          producer(:source) { |output| output << 1 }
          public_send(kind, 1) { processor(:work) { |n| @seen << [n, Process.pid == parent] } }
        end
        object.run

        expect(object.seen).to eq([[:pipeline, true], [:stage, true], [:child_pipeline, false], [:child_stage, false],
                                   [1, false]])
      end

      it "run in every child of #{kind}, before its first item" do
        seen = seen_by do
          after_fork(:work) { @ready = Process.pid }
          before_fork(:work) { @seen << :before }
          producer(:source) { |output| 50.times { |n| output << n } }
          public_send(kind, 3) { processor(:work) { |_n, output| output << (@ready == Process.pid) } }
          consumer(:keep) { |ok| @seen << ok }
        end

        expect(seen.count(true)).to eq(50)
        expect(seen.count(:before)).to eq(1)
      end
    end

    it "fire in nested pipelines, declared inside or outside" do
      seen = seen_by do
        before_fork { @seen << :outer }
        producer(:source) { |output| output << 1 }
        pipeline(:part) do
          before_fork { @seen << :inner }
          after_fork(:deep) { @seen << :child }
          before(:deep) { @seen << :before }
          cow_fork(1) { processor(:deep, before_fork: -> { @seen << :inline }) { |n| @seen << n } }
        end
      end

      expect(seen).to eq([:outer, :inner, :inline, :child, :before, 1])
    end
  end

  it "run in order of declaration, inline ones with their stage" do
    seen = seen_by do
      before(:work) { @seen << 1 }
      producer(:source) { |output| output << 0 }
      processor(:work, before: [-> { @seen << 2 }, proc { @seen << 3 }]) { |n, output| output << n }
      before(:work) { @seen << 4 }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([1, 2, 3, 4, 0])
  end

  it "that fail are item errors of their stage" do
    object = flow do
      before(:work) { raise "odd" if (@calls = (@calls || 0) + 1).odd? }
      producer(:source) { |output| 4.times { |n| output << n } }
      processor(:work) { |n, output| output << n }
      consumer(:keep) { |n| @seen << n }
    end
    object.run

    expect(object.seen).to eq([1, 3])
    expect(stats_of(object, :work).items_failed).to eq(2)
  end

  it "that fail around a producer or loop end it, and nothing hangs" do
    object = flow do
      before(:source) { raise "no start" }
      before(:loop) { raise "no loop" }
      producer(:source) { |output| output << 1 }
      producer(:other) { |output| 300.times { |n| output << n } }
      stage(:loop, queue_size: 1) { |input, output| output << input.pop }
      consumer(:keep) { |n| @seen << n }
    end
    object.run

    expect(object.seen).to eq([])
    expect(logged).to include("no start", "no loop")
  end
end
