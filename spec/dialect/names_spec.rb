# frozen_string_literal: true

require_relative "dialect_helper"

# Section 7.
RSpec.describe "Names" do
  it "are one name as Symbol and as String" do
    object = flow do
      producer("source", to: "add") { |output| output << 1 }
      processor(:add, to: :keep) { |n, output| output << (n + 1) }
      consumer("keep", from: []) { |n| @seen << n }
    end
    object.run
    root = object._minigun_task.root_pipeline

    expect(object.seen).to eq([2])
    expect(root.find_stage("add")).to be(root.find_stage(:add))
    expect(root.stats.for_stage(:add)).to be(root.stats.for_stage("add"))
    expect(root.dag.downstream(root.find_stage(:add)).map(&:to_s)).to eq(["keep"])
    expect(root.dag.upstream("add").map(&:to_s)).to eq(["source"])
  end

  it "are generated for stages without one" do
    object = flow do
      producer(:source) { |output| 4.times { |n| output << n } }
      batch 2
      batch 1
      consumer(:keep) { |b| @seen << b }
    end
    object.run

    expect(object.seen).to eq([[[0, 1]], [[2, 3]]])
    expect(object._minigun_task.root_pipeline.stages.keys.uniq.size).to eq(4)
  end

  describe "are looked up" do
    # What the name reaches when a stage of :middle sends to it.
    def reach(target, inner: [], own: [], outer: [])
      flow do
        keep = ->(place) { proc { |_n| @seen << place } }
        producer(:source, to: :middle) { |output| output << 1 }
        pipeline(:middle) do
          processor(:send) { |n, output| output.to(target) << n }
          inner.each { |name| pipeline(:"below_#{name}", await: true) { consumer(target, &keep.call(name)) } }
          own.each { |name| consumer(target, await: true, &keep.call(name)) }
        end
        outer.each { |name| pipeline(:"beside_#{name}", await: true) { consumer(target, &keep.call(name)) } }
      end
    end

    it "first in the own pipeline, also when defined later" do
      expect(reach(:x, inner: %i[a b], own: %i[me], outer: %i[c]).tap(&:run).seen).to eq(%i[me])
    end

    it "then below it, at any depth" do
      expect(reach(:x, inner: %i[a], outer: %i[b c]).tap(&:run).seen).to eq(%i[a])
    end

    it "then in the whole task" do
      expect(reach(:x, outer: %i[b]).tap(&:run).seen).to eq(%i[b])
    end

    it "with an error that names the level where several match" do
      below = reach(:x, inner: %i[a b])
      beside = reach(:x, outer: %i[a b])
      [below, beside].each(&:run)

      expect(logged).to match(/x.*found 2 matches.*in nested pipelines/m)
      expect(logged).to match(/x.*found 2 matches.*globally/m)
    end

    it "and nothing stands for an unknown one" do
      object = reach(:x)
      object.run
      task = object._minigun_task

      expect(task.root_pipeline.find_stage(:nowhere)).to be_nil
      expect(task.stage_registry.find_by_name(:nowhere, from_pipeline: task.root_pipeline)).to be_nil
      expect(task.stage_registry.find_by_name("send", from_pipeline: task.root_pipeline).name.to_s).to eq("send")
    end
  end

  it "raise for ambiguous and unknown edges from run, in nested pipelines too" do
    ambiguous = flow do
      producer(:source, to: :x) { |output| output << 1 }
      pipeline(:one) { consumer(:x) { |n| n } }
      pipeline(:two) { consumer(:x) { |n| n } }
    end
    unknown = flow do
      producer(:source) { |output| output << 1 }
      pipeline(:part) { processor(:work, to: :nowhere) { |n| n } }
    end

    expect { ambiguous.run }.to raise_error(Minigun::AmbiguousRoutingError, /found 2 matches/)
    expect { unknown.run }.to raise_error(Minigun::Error, /nowhere/)
  end

  it "reach plain stages, composites and stages of any pipeline" do
    seen = seen_by do
      producer(:source) do |output|
        output.to(:whole) << 1
        output.to(:deep) << 2
        output.to(:plain) << 3
      end
      pipeline(:whole) do
        processor(:enter) do |n, output|
          output << n
          output.to(:plain) << (n + 10)
        end
        pipeline(:inner) { consumer(:deep) { |n| @seen << [:deep, n] } }
      end
      consumer(:plain, await: true) { |n| @seen << n }
    end

    expect(seen).to match_array([[:deep, 1], [:deep, 2], 3, 11])
  end
end
