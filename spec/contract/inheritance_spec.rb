# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Inheritance" do
  let(:parent) do
    job_class do
      max_threads 3
      max_processes 4
      before_run { @out << :start }
      producer(:gen) { [1, 2].each { |n| emit n } }
      processor(:inc, before: -> { @out << :before }) { |n| emit n + 1 }
      consumer(:keep) { |n| @out << n }
    end
  end

  let(:inherited_out) { [:start, :before, 2, :before, 3] }

  def out_of(klass) = klass.new.tap(&:run).out

  def values(out) = out.grep(Integer)

  it "gives a task of its own, by Class.new and by class" do
    stub_const("Parent", parent)
    named = Object.class_eval("class Child < Parent; self; end", __FILE__, __LINE__)
    stub_const("Child", named)

    [named, Class.new(parent)].each do |child|
      expect(child._minigun_task).not_to be(parent._minigun_task)
      expect(root(child)).not_to be(root(parent))
      expect(child._minigun_task.config).to eq(parent._minigun_task.config)
      expect(child._minigun_task.config).not_to be(parent._minigun_task.config)
    end
  end

  it "brings stages, edges, hooks and order" do
    child = Class.new(parent)

    expect(root(child).stages.keys).to eq(%i[gen inc keep])
    expect(root(child).stage_order).to eq(root(parent).stage_order)
    expect(child._minigun_task.hooks[:before_run].size).to eq(1)
    expect(out_of(child)).to match_array(inherited_out)
  end

  it "brings explicit edges as of that moment" do
    parent.reroute_stage :gen, to: :keep
    child = Class.new(parent)
    parent.reroute_stage :gen, to: :inc

    expect(values(out_of(child))).to eq([1, 2])
    expect(values(out_of(parent))).to eq([2, 3])
  end

  describe "additions in a child" do
    let!(:child) do
      job_class(parent) do
        max_threads 9
        before_run { @out << :child_start }
        before(:inc) { @out << :child_before }
        processor(:neg, from: :inc, to: :keep) { |n| emit(-n) }
      end
    end
    let!(:sibling) { Class.new(parent) }

    it "reach neither parent nor siblings" do
      expect(values(out_of(child))).to eq([-2, -3])
      expect([parent, sibling].map { |klass| out_of(klass).tally }).to eq([inherited_out.tally] * 2)
    end

    it "are not found there" do
      expect([parent, sibling].map { |klass| root(klass).find_stage(:neg) }).to eq([nil, nil])
      expect(root(child).find_stage(:nobody)).to be_nil
    end

    it "of config hide the parent's value of that key only" do
      expect([parent, child, sibling].map { |klass| klass._minigun_task.config[:max_threads] }).to eq([3, 9, 3])
      expect(child._minigun_task.config[:max_processes]).to eq(4)
    end
  end

  it "leaves later additions of the parent there" do
    child = Class.new(parent)
    parent.class_exec { consumer(:late, from: :inc) { |n| @out << -n } }

    expect(values(out_of(child))).to eq([2, 3])
    expect(root(child).find_stage(:late)).to be_nil
    expect(values(out_of(parent))).to eq([-2, -3])
  end

  it "may replace a stage" do
    child = job_class(parent) { processor(:inc) { |n| emit n * 10 } }

    expect(values(out_of(child))).to eq([10, 20])
    expect(values(out_of(parent))).to eq([2, 3])
  end

  it "goes to any depth, each level running on its own in any order" do
    classes = (1..4).inject([parent]) do |line, level|
      line << job_class(line.last) do
        processor(:"level#{level}") { |n| emit n * 10 }
        reroute_stage(level == 1 ? :inc : :"level#{level - 1}", to: :"level#{level}")
        reroute_stage :"level#{level}", to: :keep
      end
    end
    results = classes.each_index.to_h { |i| [i, [2 * 10**i, 3 * 10**i]] }

    [3, 0, 4, 2, 1, 3].each { |i| expect(values(out_of(classes[i]))).to eq(results[i]) }
  end

  it "works after the parent has run" do
    out_of(parent)
    child = job_class(parent) do
      processor(:neg) { |n| emit(-n) }
      reroute_stage :inc, to: :neg
      reroute_stage :neg, to: :keep
    end

    expect(values(out_of(child))).to eq([-2, -3])
    expect(values(out_of(parent))).to eq([2, 3])
  end

  it "lets inherited blocks and hooks find overridden methods" do
    template = job_class do
      before_run { note }
      producer(:gen) { items.each { |n| emit n } }
      processor(:change) { |n| emit change(n) }
      consumer(:keep) { |n| @out << n }

      def note = nil
      def change(n) = n
      def items = raise(NotImplementedError, "items")
    end
    concrete = Class.new(template) do
      def note = @out << :note
      def items = [1, 2]

      private def change(n) = n * 5
    end

    expect(out_of(concrete)).to eq([:note, 5, 10])
    expect { template.new.run }.to raise_error(NotImplementedError, "items")
  end

  it "honours an inherited of the user's" do
    heirs = []
    parent.define_singleton_method(:inherited) do |child|
      super(child)
      heirs << child
    end
    child = Class.new(parent)

    expect(heirs).to eq([child])
    expect(values(out_of(child))).to eq([2, 3])
  end

  it "brings nested pipelines" do
    family = job_class do
      producer(:gen) { emit 1 }
      pipeline(:inner, to: :keep) { processor(:inc) { |n| emit n + 1 } }
      consumer(:keep) { |n| @out << n }
    end
    child = job_class(family) { pipeline(:inner) { processor(:ten) { |n| emit n * 10 } } }

    expect(out_of(child)).to eq([20])
    expect(out_of(family)).to eq([2])
  end
end
