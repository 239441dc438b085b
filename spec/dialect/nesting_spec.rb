# frozen_string_literal: true

require_relative "dialect_helper"

# Section 9.
RSpec.describe "Nested pipelines" do
  it "stand at class level, in a block, and in each other, to any depth" do
    klass = program do
      producer(:source) { emit [] }
      pipeline :one, to: :keep do
        processor(:a) { |path| emit path + [1] }
        pipeline :two do
          processor(:b) { |path, output| output << (path + [2]) }
          pipeline(:three) { pipeline(:four) { processor(:c) { |path, output| output << (path + [4]) } } }
          processor(:d) { |path, output| output << (path + [:d]) }
        end
      end
      pipeline { consumer(:keep) { |path| @seen << path } }
    end

    expect(klass.new.tap(&:run).seen).to eq([[1, 2, 4, :d]])
  end

  it "route at each level" do
    seen = seen_by do
      producer(:source, to: :outer) { |output| 4.times { |n| output << n } }
      pipeline(:outer, to: :keep) do
        processor(:enter, to: %i[left right], routing: :round_robin) { |n, output| output << n }
        pipeline(:left, to: :join) { processor(:x) { |n, output| output << [:left, n] } }
        pipeline(:right, to: :join) { processor(:x) { |n, output| output << [:right, n] } }
        processor(:join) { |x, output| output << x }
      end
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to match_array([[:left, 0], [:right, 1], [:left, 2], [:right, 3]])
  end

  it "have the instance's variables, methods and contexts" do
    klass = program do
      def sizes = [2, 3]
      pipeline do
        execution_context :pool, :thread, 2
        producer(:source) { |output| 6.times { |n| output << n } }
        pipeline(:part, to: :keep) do
          sizes.each { |n| processor(:"times_#{n}", execution_context: :pool) { |x, output| output << (x * n) } }
          @built = true
        end
        consumer(:keep) { |n| @seen << [n, @built] }
      end
    end

    expect(klass.new.tap(&:run).seen).to match_array([0, 6, 12, 18, 24, 30].map { |n| [n, true] })
  end

  it "merge producers of their own with what comes from upstream" do
    row = Struct.new(:ok, :text)
    klass = program do
      attr_reader :rows, :bad

      define_method(:initialize) do
        super()
        @feed = [row.new(true, "a"), row.new(false, "b")]
        @old = [row.new(true, "c"), row.new(true, "d"), row.new(true, "e")]
        @rows = []
        @bad = []
      end

      pipeline do
        producer(:live) { |output| @feed.each { |r| output << r } }
        pipeline :clean, to: :store do
          producer(:backlog) { |output| @old.each { |r| output << r } }
          processor(:parse) { |r, output| r.ok ? output << r.text : output.to(:reject) << r.text }
          batch 3
        end
        consumer(:store) { |rows| @rows << rows }
        consumer(:reject, await: true) { |r| @bad << r }
      end
    end
    object = klass.new.tap(&:run)

    expect(object.rows.map(&:size)).to eq([3, 1])
    expect(object.rows.flatten).to match_array(%w[a c d e])
    expect(object.bad).to eq(["b"])
  end

  it "run concurrently with everything else, with contexts and hooks of their own" do
    answer = Queue.new
    seen = seen_by do
      producer(:source) do |output|
        output << 1
        @seen << answer.pop
      end
      pipeline(:part) do
        before(:work) { @seen << :before }
        thread_pool(2) { processor(:work) { |n, output| output << (n + 1) } }
        consumer(:reply) { |n| answer << n }
      end
    end

    expect(seen).to eq([:before, 2])
  end

  it "fail run by errors in their configuration" do
    object = flow do
      producer(:source) { |output| output << 1 }
      pipeline(:outer) { pipeline(:inner) { processor(:x, strategy: :telepathy) { |n| n } } }
    end

    expect { object.run }.to raise_error(Minigun::Error, /telepathy/)
  end

  it "lead inwards and outwards" do
    object = flow do
      producer(:source) { |output| output << 1 }
      pipeline(:outer) { pipeline(:inner) { consumer(:deep) { |n| @seen << n } } }
    end
    object.run
    task = object._minigun_task
    root = task.root_pipeline
    outer = root.find_stage(:outer)
    inner = outer.pipeline.stages.values.first

    expect(outer.nested_pipeline).to be(outer.pipeline)
    expect(inner.pipeline.find_stage(:deep).pipeline).to be(inner.pipeline)
    expect(root.find_stage(:source).pipeline).to be(root)
    expect(inner.pipeline.parent_pipeline).to be(outer.pipeline)
    expect(inner.pipeline.root_pipeline).to be(root)
    expect(inner.pipeline.task).to be(task)
    expect(root.parent_pipeline).to be_nil
  end
end
