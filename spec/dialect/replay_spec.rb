# frozen_string_literal: true

require_relative "dialect_helper"

# Sections 2.1 and 2.2: the class level and the replay of its definitions.
RSpec.describe "The replay of a class's definitions" do
  it "replays class-level calls and blocks in one order" do
    klass = program do
      producer(:source) { emit 1 }
      pipeline { processor(:first) { |n| emit n + 1 } }
      processor(:second) { |n| emit n * 10 }
      pipeline { consumer(:keep) { |n| @seen << n } }
    end

    expect(klass.new.tap(&:run).seen).to eq([20])
  end

  it "has the task's own calls on the same list" do
    klass = program do
      producer(:source) { emit 1 }
      _minigun_task.add_stage(:processor, :middle) { |n| emit n + 1 }
      _minigun_task.add_hook(:after_run) { @seen << :after }
      _minigun_task.set_config(:max_threads, 9)
      pipeline { consumer(:keep) { |n| @seen << n } }
    end
    object = klass.new
    object.run

    expect(object.seen).to eq([2, :after])
    expect(object._minigun_task.config[:max_threads]).to eq(9)
  end

  it "keeps blocks unevaluated, in any number, with the instance as self" do
    evaluated = []
    klass = program do
      attr_writer :limit

      pipeline { evaluated << self }
      pipeline { producer(:source) { |output| limit.times { |n| output << n } } }
      pipeline(:part) { consumer(:keep) { |n| @seen << n } }

      private

      def limit = @limit
    end
    expect(klass._pipeline_definition_blocks.size).to eq(3)
    expect(evaluated).to eq([])

    object = klass.new
    object.limit = 2
    object.run

    expect(evaluated).to eq([object])
    expect(object.seen).to eq([0, 1])
    expect(object._minigun_task.root_pipeline.stages.keys.map(&:to_s)).to eq(%w[source part])
  end

  it "replays once for each instance" do
    evaluated = 0
    klass = program do
      pipeline do
        evaluated += 1
        producer(:source) { |output| output << 1 }
        consumer(:keep) { |n| @seen << n }
      end
    end
    object = klass.new
    expect(object._minigun_task).to be_nil

    2.times { object._evaluate_pipeline_blocks! }
    task = object._minigun_task
    2.times { object.run }
    expect([evaluated, object.seen, object._minigun_task.equal?(task)]).to eq([1, [1, 1], true])

    klass.new.run
    expect(evaluated).to eq(2)
  end

  it "copies the config of the class task" do
    klass = program { max_threads 11 }
    object = klass.new
    object._evaluate_pipeline_blocks!
    object._minigun_task.set_config(:max_threads, 12)

    expect(klass._minigun_task.config[:max_threads]).to eq(11)
  end

  it "finds words on the instance, then on the builders, then on the class" do
    klass = program do
      def self.double_stage(name, builder) = builder.then { name }
      def prefix = "it is"
      pipeline do
        max_threads 4
        @helped = double_stage(:x, self)
        text = prefix
        producer(:source) { |output| output << text }
        consumer(:keep) { |n| @seen << n << @helped }
      end
    end
    object = klass.new.tap(&:run)

    expect(object.seen).to eq(["it is", :x])
  end

  it "lets a user's method hide a word, and says so once" do
    klass = program do
      def batch(size) = (@seen << [:mine, size])
      pipeline do
        batch 3
        batch 4
        producer(:source) { |output| output << 1 }
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(klass.new.tap(&:run).seen).to eq([[:mine, 3], [:mine, 4], 1])
    expect(logged.scan(/WARN.*\bbatch\b/).size).to eq(1)
  end

  it "has no words outside the evaluation, and keeps the user's method_missing" do
    klass = program do
      def method_missing(name, *) = name == :magic ? 5 : super
      def respond_to_missing?(name, _private = false) = name == :magic || super
      pipeline do
        producer(:source) { |output| output << magic }
        consumer(:keep) { |n| @seen << n << magic }
      end
    end
    object = klass.new.tap(&:run)

    expect(object.seen).to eq([5, 5])
    expect { object.batch(3) }.to raise_error(NoMethodError)
    expect { object.processor(:x) { |n| n } }.to raise_error(NoMethodError)
  end

  it "leaves alone what the user's method_missing says of a word that is misspelt" do
    own = program do
      def method_missing(name, *) = raise(NoMethodError.new("nobody here knows that", name))
      def respond_to_missing?(*) = false
      pipeline { produce(:source) { |output| output << 1 } }
    end
    none = program { pipeline { produce(:source) { |output| output << 1 } } }

    expect { own.new.run }.to raise_error(NoMethodError, /\Anobody here knows that/)
    expect { none.new.run }.to raise_error(NoMethodError, /no word `produce' \(did you mean :producer\?\)/)
  end

  it "tells of an unknown method with the caller's line first, as if nothing looked it up" do
    klass = program { def ask = nothing_like_it }
    bare = klass.new

    [-> { bare.ask }, -> { bare.no_such_method(1) }].each do |call|
      expect(&call).to raise_error(NameError) { |e| expect(e.backtrace.first).to start_with(__FILE__) }
    end
  end

  it "has its words also where the user's method_missing takes every name" do
    klass = program do
      def method_missing(name, *) = @seen << name
      def respond_to_missing?(*) = true
      pipeline do
        producer(:source) { |output| output << 1 }
        consumer(:keep) { |_| taken }
      end
    end
    object = klass.new.tap(&:run)
    object.processor(:outside)

    expect(object.seen).to eq(%i[taken processor])
  end

  it "adds unnamed blocks to the root and reopens named ones" do
    klass = program do
      pipeline { producer(:source) { |output| output << 1 } }
      pipeline(:part, to: :keep) { processor(:add) { |n, output| output << (n + 1) } }
      pipeline(:part) { processor(:times) { |n, output| output << (n * 10) } }
      pipeline { consumer(:keep) { |n| @seen << n } }
    end
    object = klass.new.tap(&:run)

    expect(object.seen).to eq([20])
    expect(object._minigun_task.root_pipeline.name.to_s).to eq("default")
  end

  it "refuses the name of a plain stage for a pipeline" do
    object = flow do
      producer(:taken) { |output| output << 1 }
      pipeline(:taken) { consumer(:keep) { |n| n } }
    end

    expect { object.run }.to raise_error(Minigun::Error, /taken/)
  end

  it "runs again like the first time, with any topology" do
    object = flow do
      producer(:source, to: %i[left right inner]) { |output| 4.times { |n| output << n } }
      processor(:left, to: :keep) { |n, output| output << n }
      thread_pool(2) { processor(:right, to: :keep) { |n, output| output.to(:late) << (n + 10) } }
      pipeline(:inner, to: :keep) { processor(:deep) { |n, output| output << (n + 20) } }
      consumer(:keep) { |n| @seen << n }
      consumer(:late, await: true) { |n| @seen << n }
    end
    runs = Array.new(3) do
      object.seen.clear
      [object.run, object.seen.sort]
    end

    expect(runs).to eq([[4, [*0..3, *10..13, *20..23]]] * 3)
  end

  it "replays with any object as self when the class task runs" do
    klass = program do
      pipeline do
        producer(:source) { |output| output << @secret }
        consumer(:keep) { |n| @got = n }
      end
    end
    other = Object.new
    other.instance_variable_set(:@secret, 9)

    expect(klass._minigun_task.run(other)).to eq(1)
    expect(other.instance_variable_get(:@got)).to eq(9)
  end

  it "gives class-level execution to the non-terminal stages, merged in input order" do
    klass = program do
      execution :cow_fork, max: 2
      pipeline do
        producer(:source) { |output| 20.times { |n| output << n } }
        processor(:work) { |n, output| output << [n, Process.pid] }
        consumer(:keep) { |n, pid| @seen << [n, pid, Process.pid] }
      end
    end
    seen = klass.new.tap(&:run).seen

    expect(seen.map(&:first)).to eq([*0..19])
    expect(seen.map { |_, pid, _| pid }).not_to include(Process.pid)
    expect(seen.map(&:last).uniq).to eq([Process.pid])
  end
end
