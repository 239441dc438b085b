# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Compiler do
  # The program of a class with one `pipeline` block.
  def program(**settings, &definition)
    klass = Class.new do
      include Minigun::DSL
      settings.each { |setting, value| public_send(setting, value) }
      pipeline(&definition)
    end
    object = klass.new
    described_class.compile(object._evaluate_pipeline_blocks!.root_pipeline, object)
  end

  # Names of steps to names of their targets.
  def arrows(program)
    program.steps.to_h { |step| [step.name, step.targets.map { |index| program.steps[index].name }] }
  end

  def step(program, name)
    program.steps.find { |each| each.name == name }
  end

  it "numbers stages in order of definition, nested ones where their pipeline stands" do
    found = program do
      producer(:p) { emit 1 }
      pipeline(:n) do
        processor(:a) { |n| emit n }
        pipeline(:m) { processor(:b) { |n| emit n } }
      end
      consumer(:z) { |n| n }
    end

    expect(found.steps.map(&:name)).to eq(%i[p a b z])
    expect(found.steps.map(&:index)).to eq([0, 1, 2, 3])
    expect(found.steps.map(&:pipeline_index)).to eq([0, 1, 2, 0])
    expect(arrows(found)).to eq(p: [:a], a: [:b], b: [:z], z: [])
    expect(found.steps.map(&:upstreams)).to eq([[], [0], [1], [2]])
    expect(found.pipelines.map { |run| [run.stage_name, run.parent_index, run.exits, run.source] })
      .to eq([[nil, nil, [3], false], [:n, 0, [2], false], [:m, 1, [2], false]])
  end

  it "lets every terminal stage of a source pipeline feed what follows it" do
    found = program do
      pipeline(:n, to: :z) do
        producer(:p, to: %i[a b]) { emit 1 }
        processor(:a) { |n| emit n }
        processor(:b) { |n| emit n }
      end
      consumer(:z) { |n| n }
    end

    expect(arrows(found)).to include(a: [:z], b: [:z])
    expect(found.pipelines.last.source).to be(true)
  end

  it "shares items out over several entrances through a hidden step" do
    found = program do
      producer(:p) { emit 1 }
      pipeline(:n, routing: :round_robin) do
        processor(:a, to: :c) { |n| emit n }
        processor(:b, to: :c) { |n| emit n }
        processor(:c) { |n| emit n }
      end
    end

    expect(found.steps.map(&:kind)).to eq(%i[producer router each each each])
    expect([found.steps[1].targets, found.steps[1].routing, found.steps[1].stage]).to eq([[2, 3], :round_robin, nil])
    expect(found.steps[0].targets).to eq([1])
    expect(found.resolve(0, :n)).to eq(1)
  end

  it "lets items in at the first stage that takes them, in addition to producers" do
    found = program do
      producer(:p) { emit 1 }
      pipeline(:n) do
        producer(:q) { emit 2 }
        processor(:a) { |n| emit n }
      end
    end

    expect(arrows(found)).to include(p: [:a], q: [:a])
  end

  it "hands on what goes to an empty pipeline, and drops what goes to one that only produces" do
    found = nil
    log = log_of do
      found = program do
        producer(:p) { emit 1 }
        pipeline(:empty) { nil }
        consumer(:z, to: :source) { |n| n }
        pipeline(:source) { producer(:q) { emit 2 } }
      end
    end

    expect(arrows(found)).to eq(p: [:empty], empty: [:z], z: [], q: [])
    expect(log).to eq(["WARN pipeline :default, stage :z: :source only produces; what is sent to it is dropped"])
  end

  it "resolves edges across pipelines, and refuses circles between them" do
    found = program do
      producer(:p, to: :deep) { emit 1 }
      pipeline(:n) { consumer(:deep) { |n| n } }
    end

    expect(arrows(found)).to include(p: [:deep])
    expect do
      program do
        pipeline(:n) { processor(:a, to: :b) { |n| emit n } }
        pipeline(:m) { processor(:b, to: :a) { |n| emit n } }
      end
    end.to raise_error(Minigun::Error, /Circular dependency/)
  end

  it "resolves names for dynamic routing" do
    found = program do
      producer(:p) { |output| output.to(:b) << 1 }
      pipeline(:n) { consumer(:a) { |n| n } }
      pipeline(:m) { consumer(:b, await: true) { |n| n } }
    end

    expect([found.resolve(0, "b"), found.resolve(0, :m), found.resolve(1, :b)]).to eq([2, 2, 2])
    expect(found.resolve(0, found.steps[1].stage)).to eq(1)
    expect { found.resolve(0, :nowhere) }.to raise_error(ArgumentError, /nowhere/)
    expect { found.resolve(1, :p) }.to raise_error(ArgumentError, /:p.*only produces/)
  end

  it "says what each step receives and calls" do
    found = program do
      producer(:p) { |output| output << 1 }
      processor(:a) { |n, output| output << n }
      batch 3
      stage(:l) { |input, output| output << input.pop }
      consumer(:z) { |n| n }
    end

    expect(found.steps.map { |each| [each.kind, each.receives] })
      .to eq([%i[producer output], %i[each item_output], %i[batch item], %i[loop input_output], %i[each item]])
    expect(found.steps[2].to_h).to include(max_size: 3, max_wait: nil, callable: nil)
    expect(found.steps.map(&:addresses)).to eq([true, true, false, true, false])
  end

  it "gives items to a block without parameters that an edge leads to" do
    found = program do
      producer(:p, to: :count) { emit 1 }
      consumer(:count) { @count += 1 }
    end

    expect([found.steps[1].kind, found.steps[1].receives, found.steps[1].upstreams]).to eq([:each, :item, [0]])
  end

  it "co-locates a plain stage with its only plain upstream, through nesting too" do
    found = program do
      producer(:p) { emit 1 }
      pipeline(:n) { processor(:a) { |n| emit n } }
      processor(:b) { |n| emit n }
      thread_pool(2) { processor(:c) { |n| emit n } }
      processor(:d) { |n| emit n }
      batch 2
      consumer(:z) { |n| n }
    end

    expect(found.steps.map(&:affinity)).to eq([nil, 0, 1, nil, nil, 4, nil])
  end

  it "has the hooks of enclosing pipelines from the outside in" do
    found = nil
    log = log_of do
      found = program do
        producer(:p) { emit 1 }
        before_fork { :root }
        before_fork(:a) { :named }
        pipeline(:n) do
          before_fork { :nested }
          before(:a) { :before }
          consumer(:a, before_fork: -> { :inline }, before: -> { :inline_before }) { |n| n }
          before_fork(:a) { :stage }
        end
      end
    end
    hooks = step(found, :a)

    expect(hooks.before_fork.map(&:call)).to eq(%i[root nested inline stage])
    expect(hooks.before.map(&:call)).to eq(%i[before inline_before])
    expect(log).to eq(["WARN pipeline :default: a hook names :a, which is a stage of pipeline :n; declare it there"])
  end

  it "has capacities and waits" do
    found = program(default_queue_size: 7) do
      producer(:p) { emit 1 }
      consumer(:a) { |n| n }
      consumer(:b, queue_size: 3, await: true) { |n| n }
      consumer(:c, queue_size: false, await: 0.5) { |n| n }
      pipeline(:n, queue_size: 9, await: true) { consumer(:d) { |n| n } }
    end

    expect(found.steps.map(&:queue_size)).to eq([7, 7, 3, nil, 9])
    expect(found.steps.map(&:await)).to eq([nil, nil, true, 0.5, true])
  end

  it "merges error policies from the class to the stage" do
    found = program(on_error: :raise, retries: 1) do
      pipeline(:n, retries: 2) do
        producer(:p) { emit 1 }
        consumer(:a, retries: 3, dead_letter: :x) { |n| n }
      end
      consumer(:b) { |n| n }
    end

    expect(step(found, :p).policy).to eq(on_error: :raise, retries: 2)
    expect(step(found, :a).policy).to eq(on_error: :raise, retries: 3, dead_letter: :x)
    expect(step(found, :b).policy).to eq(on_error: :raise, retries: 1)
  end

  it "refuses a stage without anything to call, and a pipeline nested in itself" do
    expect { program { consumer :a } }.to raise_error(Minigun::Error, /pipeline :default, stage :a.*block/)
    loop = Minigun::Pipeline.new(:loop)
    loop.stages[:again] = Minigun::PipelineStage.new(name: :again).tap { |stage| stage.pipeline = loop }
    expect { described_class.compile(loop, Object.new) }.to raise_error(Minigun::Error, /nested in itself/)
  end

  it "takes the same time per stage for few and for many" do
    small, large = [2_000, 16_000].map do |count|
      pipeline = Minigun::Pipeline.new(:line)
      pipeline.add_stage(:producer, :p) { emit 1 }
      count.times { |n| pipeline.add_stage(:processor, :"s#{n}") { |x| emit x } }
      GC.start
      started = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
      described_class.compile(pipeline, Object.new)
      (Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - started) / count
    end

    expect(large).to be < small * 4
  end

  it "goes as deep as nesting does" do
    root = inner = Minigun::Pipeline.new(:root)
    2_000.times { |n| inner = inner.nest(:"level#{n}") }
    inner.add_stage(:producer, :p) { emit 1 }
    root.add_stage(:consumer, :z, from: :level0) { |n| n }

    expect(arrows(described_class.compile(root, Object.new))).to eq(p: [:z], z: [])
  end
end
