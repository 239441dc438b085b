# frozen_string_literal: true

require_relative "dialect_helper"

# Section 2.3: the class task, asked for structure.
RSpec.describe "The class task as blueprint" do
  let(:klass) do
    program do
      producer(:source) { emit 1 }
      pipeline { consumer(:keep) { |n| @seen << n } }
    end
  end

  it "shows the structure of definitions that need no instance" do
    task = klass._minigun_task

    expect(task.stages.keys.map(&:to_s)).to eq(%w[source keep])
    expect(task.root_pipeline.find_stage(:keep)).to be_a(Minigun::Stage)
    expect(task.dag.nodes.map(&:to_s)).to eq(%w[source keep])
    expect(task.hooks.keys).to include(:before_run, :after_run)
  end

  it "shows nested pipelines" do
    klass = program { pipeline(:part) { producer(:source) { |output| output << 1 } } }

    expect(klass._minigun_task.pipelines.keys.map(&:to_s)).to eq(["part"])
    expect(klass._minigun_task.pipeline_dag.nodes.map(&:to_s)).to eq(["part"])
  end

  it "leaves out blocks that need an instance" do
    klass = program do
      def names = %i[a b]
      pipeline { names.each { |name| consumer(name) { |n| n } } }
      pipeline { @sizes.each { |n| batch n } }
      pipeline { batch(5 + @extra) }
      pipeline { producer(:source) { |output| output << 1 } }
    end

    expect(klass._minigun_task.stages.keys.map(&:to_s)).to eq(["source"])
  end

  it "never raises for a name defined twice: the later one wins" do
    klass = program do
      pipeline { producer(:twice) { |output| output << 1 } }
      pipeline { consumer(:twice) { |n| n } }
    end

    expect(klass._minigun_task.stages.keys.map(&:to_s)).to eq(["twice"])
    expect(klass._minigun_task.stages.values.first.producer?).to be(false)
  end

  it "evaluates nothing when asked for the config" do
    evaluated = false
    klass = program { pipeline { evaluated = true } }
    klass._minigun_task.config

    expect(evaluated).to be(false)
    klass._minigun_task.stages
    expect(evaluated).to be(true)
  end

  it "shows what came of a run also to those who took its pipelines before" do
    klass = program do
      pipeline(:inner, to: :keep) { producer(:source) { |output| output << 1 << 2 } }
      consumer(:keep) { |n| @seen << n }
    end
    root = klass._minigun_task.root_pipeline
    inner = klass._minigun_task.pipelines[:inner]
    klass.new.run

    expect(root.stats.for_stage(:keep).items_consumed).to eq(2)
    expect(inner.stats.for_stage(:source).items_produced).to eq(2)
    expect(root.last_result).to be_ok
  end

  it "is the task of the run that finished last, until the definitions change" do
    object = klass.new
    object.run
    task = klass._minigun_task
    expect(task.root_pipeline.stats).to be(object._minigun_task.root_pipeline.stats)

    other = klass.new
    other.run
    expect(task.root_pipeline.stats).to be(other._minigun_task.root_pipeline.stats)

    klass.class_eval { pipeline { before_run { @seen << :before } } }
    expect(task.root_pipeline.stats).to be_nil
    expect(klass.new.tap(&:run).seen).to eq([:before, 1])
  end
end
