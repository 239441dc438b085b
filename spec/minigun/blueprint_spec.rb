# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Blueprint do
  def job(parent = nil, &body)
    Class.new(parent || Object) do
      include Minigun::DSL unless parent
      class_exec(&body) if body
    end
  end

  def names(task) = task.root_pipeline.ordered_names

  # Loads the text as a program file, so many times.
  def load_twice(text)
    Tempfile.create(["program", ".rb"]) do |file|
      file.write(text)
      file.close
      2.times { load file.path }
    end
  end

  it "is a task of its own for each class, made again by each include" do
    klass = job { producer(:a) { emit 1 } }
    former = klass._minigun_task
    klass.include(Minigun::DSL)

    expect(klass._minigun_task).to be_a(Minigun::Task)
    expect(klass._minigun_task).not_to be(former)
    expect([names(former), names(klass._minigun_task)]).to eq([%i[a], []])
  end

  it "records class-level words in one order with blocks, and evaluates on the instance" do
    klass = job do
      producer(:a) { emit 1 }
      pipeline { @names.each { |name| processor(name) { |n| emit n } } }
      consumer(:z) { |n| n }
      def initialize = @names = %i[b c]
    end
    object = klass.new

    expect(object._minigun_task).to be_nil
    expect(names(object._evaluate_pipeline_blocks!)).to eq(%i[a b c z])
    expect(object._evaluate_pipeline_blocks!).to be(object._minigun_task)
    expect(names(klass._minigun_task)).to eq(%i[a z])
  end

  it "gives a duplicate of an instance a task of its own" do
    object = job { producer(:a) { emit 1 } }.new
    task = object._evaluate_pipeline_blocks!

    expect(object.dup._minigun_task).to be_nil
    expect(object.clone._evaluate_pipeline_blocks!).not_to be(task)
    expect(Marshal.load(Marshal.dump(Minigun::Instance.of(object))).task).to be_nil
  end

  it "evaluates frozen instances too" do
    klass = job { pipeline { @count.times { |n| producer(:"p#{n}") { emit n } } } }
    klass.define_method(:initialize) { @count = 2 }

    expect(names(klass.new.freeze._evaluate_pipeline_blocks!)).to eq(%i[p0 p1])
  end

  it "has words for class helpers, and settings within blocks" do
    klass = job do
      def self.two(name)
        producer(:"#{name}1") { emit 1 }
        producer(:"#{name}2") { emit 2 }
      end
      pipeline do
        max_threads 9
        two(:p)
      end
    end
    task = klass.new._evaluate_pipeline_blocks!

    expect([names(task), task.config[:max_threads], task.root_pipeline.config[:max_threads]]).to eq([%i[p1 p2], 9, 9])
    expect(klass._minigun_task.definition.count).to eq(1)
  end

  it "records what is said to the class task itself" do
    klass = job { consumer(:z) { |n| n } }
    task = klass._minigun_task
    task.add_stage(:producer, :a, to: :z) { emit 1 }
    task.add_hook(:before_run) { 1 }
    task.add_stage_hook(:after, :a) { 2 }
    task.reroute_stage(:a, to: :z)
    task.set_config(:max_threads, 3)
    own = klass.new._evaluate_pipeline_blocks!

    expect([names(own), own.hooks[:before_run].size, own.config[:max_threads]]).to eq([%i[z a], 1, 3])
    expect([task.stages.keys, task.dag.downstream(:a), task.hooks[:before_run].size]).to eq([%i[z a], [:z], 1])
    expect([own, task].map { |each| each.root_pipeline.stage_hooks[:after][:a].map(&:call) }).to eq([[2], [2]])
  end

  it "leaves out of its structure what needs an instance, wholly" do
    klass = job do
      pipeline do
        producer(:half) { emit 1 }
        @names.each { |name| consumer(name) { |n| n } }
      end
      pipeline { producer(:whole) { emit 1 } }
    end

    expect(names(klass._minigun_task)).to eq(%i[whole])
    expect(klass._minigun_task.dag.nodes).to eq(%i[whole])
  end

  it "evaluates words of any object when it runs for one" do
    klass = job { pipeline { producer(@name) { emit 1 } } }
    object = Object.new
    object.instance_variable_set(:@name, :p)

    expect(names(klass._minigun_task.instantiate(object))).to eq(%i[p])
  end

  it "warns once of a method that hides a word" do
    klass = job do
      def batch(size) = (@sizes ||= []) << size
      pipeline { batch 3 }
    end
    log = StringIO.new
    former = Minigun.logger
    Minigun.logger = Logger.new(log)
    2.times { klass.new._evaluate_pipeline_blocks! }

    expect(log.string.scan(/WARN.*batch/).size).to eq(1)
  ensure
    Minigun.logger = former
  end

  describe "names defined twice" do
    it "conflict within blocks, wherever these stand" do
      [
        job { pipeline { 2.times { producer(:same) { emit 1 } } } },
        job { 2.times { pipeline { producer("same") { emit 1 } } } },
        job { pipeline { producer(:same) { emit 1 } && pipeline(:same) { nil } } },
        job { pipeline { thread_pool(2) { 2.times { processor(:same) { |n| n } } } } }
      ].each do |klass|
        expect { klass.new._evaluate_pipeline_blocks! }
          .to raise_error(Minigun::StageNameConflict, /same.*:default/)
      end
    end

    it "replace at class level, keeping place and edges" do
      klass = job do
        producer(:a, to: :z) { emit 1 }
        consumer(:b, before: -> { 1 }) { |n| n }
        producer(:a) { emit 2 }
        consumer(:b, before: -> { 2 }) { |n| n }
        consumer(:z) { |n| n }
      end
      task = klass.new._evaluate_pipeline_blocks!

      expect([names(task), task.dag.downstream(:a)]).to eq([%i[a b z], %i[z]])
      expect(task.root_pipeline.stage_hooks[:before][:b].map(&:call)).to eq([2])
    end

    it "reopen a named pipeline at class level, and never a plain stage" do
      klass = job do
        pipeline(:n) { producer(:a) { emit 1 } }
        pipeline(:n, to: :z) { processor(:b) { |n| emit n } }
        consumer(:z) { |n| n }
      end
      task = klass.new._evaluate_pipeline_blocks!
      taken = job do
        producer(:n) { emit 1 }
        pipeline(:n) { nil }
      end

      expect([names(task), task.pipelines[:n].ordered_names, task.dag.downstream(:n)]).to eq([%i[n z], %i[a b], %i[z]])
      expect { taken.new._evaluate_pipeline_blocks! }.to raise_error(Minigun::Error, /:n/)
    end
  end

  describe "a body that is loaded again" do
    before { stub_const("FrontParent", job { producer(:a) { emit 1 } }) }

    it "replaces what the subclass said, and doubles nothing" do
      load_twice(<<~RUBY)
        class FrontChild < FrontParent
          before_run { 1 }
          batch 3
          batch 3
          %i[b c].each { |name| processor(name) { |n| emit n } }
          accumulator :pack, max_size: 2
          reroute_stage :a, to: :b
          pipeline { consumer(:z) { |n| n } }
        end
      RUBY
      task = FrontChild.new._evaluate_pipeline_blocks!

      expect(task.hooks[:before_run].size).to eq(1)
      expect(names(task).map { |name| name.to_s[/\A\w+/].to_sym }).to eq(%i[a accumulator accumulator b c pack z])
      expect(task.dag.downstream(:a)).to eq([:b])
    ensure
      Object.send(:remove_const, :FrontChild)
    end

    it "leaves the parent's entry at the same place alone" do
      klasses = Array.new(2) { |n| Class.new(n.zero? ? FrontParent : Class.new(FrontParent)) { consumer(:z) { |x| x } } }

      expect(klasses.map { |klass| names(klass.new._evaluate_pipeline_blocks!) }).to eq([%i[a z]] * 2)
    end
  end

  describe "inheritance" do
    let(:parent) do
      job do
        max_threads 3
        before(:b) { 1 }
        producer(:a) { emit 1 }
        processor(:b) { |n| emit n }
      end
    end

    it "copies list and settings as of that moment" do
      child = job(parent) { consumer(:z) { |n| n } }
      parent.consumer(:y) { |n| n }
      child.max_threads 7

      expect(names(child.new._evaluate_pipeline_blocks!)).to eq(%i[a b z])
      expect(names(parent.new._evaluate_pipeline_blocks!)).to eq(%i[a b y])
      expect([parent, child].map { |klass| klass._minigun_task.config[:max_threads] }).to eq([3, 7])
      expect(child._minigun_task.root_pipeline.find_stage(:y)).to be_nil
    end

    it "sets what is set after a run where it is read, also by the object that ran" do
      klass = job { producer(:a) { 1 } }
      ran = klass.new.tap(&:run)
      klass._minigun_task.set_config(:max_threads, 9)
      klass.max_retries 0

      configs = [klass._minigun_task, klass._minigun_task.root_pipeline, ran._minigun_task, klass.new._evaluate_pipeline_blocks!]
      expect(configs.map { |part| part.config.values_at(:max_threads, :max_retries) }).to eq([[9, 0]] * 4)
    end

    it "works at any depth, and where the class has an inherited of its own" do
      parent.define_singleton_method(:inherited) { |subclass| (@heirs ||= []) << subclass }
      child = job(job(parent) { processor(:c) { |n| emit n } }) { reroute_stage :a, to: :c }
      task = child.new._evaluate_pipeline_blocks!

      expect([names(task), task.dag.downstream(:a)]).to eq([%i[a b c], %i[c]])
      expect(task.root_pipeline.stage_hooks[:before][:b].size).to eq(1)
    end
  end
end
