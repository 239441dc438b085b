# frozen_string_literal: true

require_relative "dialect_helper"

# Section 8: which edges are filled in, and how items are distributed.
RSpec.describe "Completing the graph" do
  # The edges as "from->to", of the root pipeline or of a nested one.
  def edges(inside = nil, &definition)
    object = flow(&definition)
    object.run
    pipeline = object._minigun_task.root_pipeline
    pipeline = pipeline.find_stage(inside).pipeline if inside
    dag = pipeline.dag
    dag.nodes.flat_map { |from| dag.downstream(from).map { |to| "#{from}->#{to}" } }.sort
  end

  def self.pass = proc { |n, output| output << n }
  def pass = self.class.pass

  it "links producers to the next non-producer, awaited or not, or a composite" do
    step = pass
    expect(edges do
      producer(:p) { |output| output << 1 }
      producer(:q) { |output| output << 1 }
      consumer(:a, await: true, &step)
      producer(:r) { |output| output << 1 }
      pipeline(:c) { consumer(:inner, &step) }
    end).to eq(%w[p->a q->a r->c])
  end

  it "links other stages to the next that is neither producer nor awaited" do
    step = pass
    expect(edges do
      producer(:p) { |output| output << 1 }
      processor(:a, &step)
      processor(:w, await: true, &step)
      producer(:q) { |output| output << 1 }
      consumer(:z, &step)
    end).to eq(%w[a->z p->a q->z])
  end

  it "tries one candidate only" do
    step = pass
    expect(edges do
      producer(:p, to: %i[a b]) { |output| output << 1 }
      processor(:a, &step)
      processor(:b, &step)
      consumer(:z, &step)
    end).to eq(%w[b->z p->a p->b])
    expect(edges do
      producer(:p) { |output| output << 1 }
      pipeline(:one) { consumer(:x, &step) }
      pipeline(:two) { consumer(:x, &step) }
      consumer(:z, &step)
    end).to eq(%w[p->one two->z])
    expect(edges do
      producer(:p, to: %i[a b]) { |output| output << 1 }
      processor(:a, to: :z, &step)
      processor(:b, &step)
      consumer(:z, &step)
    end).to eq(%w[a->z p->a p->b])
  end

  it "closes no cycle" do
    step = pass
    expect(edges do
      producer(:p, to: :b) { |output| output << 1 }
      processor(:a, to: :z, &step)
      processor(:b, to: :a, &step)
      processor(:z, &step)
      processor(:y, &step)
    end).to eq(%w[a->z b->a p->b z->y])
    object = flow do
      processor(:a, to: :b, &step)
      processor(:b, to: :a, &step)
    end
    expect { object.run }.to raise_error(Minigun::Error, /Circular dependency/)
  end

  it "shows only named stages in graph and statistics" do
    step = pass
    object = flow do
      producer(:p, to: %i[a b], routing: :round_robin) { |output| output << 1 }
      pipeline(:a) do
        processor(:x, to: [], &step)
        processor(:y, from: [], &step)
      end
      consumer(:b, &step)
    end
    object.run
    root = object._minigun_task.root_pipeline

    expect(root.dag.nodes.map(&:to_s)).to match_array(%w[p a b])
    expect(root.stats.stage_stats.keys.map(&:to_s) - %w[p a b]).to eq([])
  end

  describe "entrances of a nested pipeline" do
    def entering(routing: {}, &definition)
      seen_by do
        producer(:source) { |output| 4.times { |n| output << n } }
        pipeline(:part, **routing, &definition)
      end
    end

    it "is its one stage without upstream" do
      expect(entering { consumer(:x) { |n| @seen << n } }).to eq([0, 1, 2, 3])
    end

    it "share by the pipeline's routing when there are several" do
      definition = proc do
        processor(:a, to: :end) { |n, output| output << [:a, n] }
        processor(:b, to: :end) { |n, output| output << [:b, n] }
        consumer(:end) { |x| @seen << x }
      end
      both = [0, 1, 2, 3].flat_map { |n| [[:a, n], [:b, n]] }

      expect(entering(&definition)).to match_array(both)
      expect(entering(routing: { routing: :round_robin }, &definition))
        .to match_array([[:a, 0], [:b, 1], [:a, 2], [:b, 3]])
    end

    it "leaves awaited ones aside" do
      expect(entering do
        processor(:a) { |n, output| output.to(:w) << n if n > 1 }
        consumer(:w, await: true) { |n| @seen << [:w, n] }
      end).to eq([[:w, 2], [:w, 3]])
    end

    it "falls back to the first non-producer, then to the first awaited one" do
      behind = entering do
        producer(:own) { |output| output << :own }
        consumer(:x) { |n| @seen << n }
      end
      awaited = entering { consumer(:w, await: true) { |n| @seen << n } }

      expect(behind).to match_array([:own, 0, 1, 2, 3])
      expect(awaited).to eq([0, 1, 2, 3])
    end
  end

  it "sends what every terminal stage writes to the targets of the composite" do
    seen = seen_by do
      producer(:source, to: :part) { |output| output << 1 }
      pipeline(:part, to: :keep) do
        processor(:enter, to: %i[a b c]) { |n, output| output << n }
        consumer(:a) { |n, output| output << [:a, n] }
        consumer(:b) { |n, output| output << [:b, n] }
        accumulator(:c)
      end
      consumer(:keep) { |x| @seen << x }
      pipeline(:dropped, from: :source) { consumer(:d) { |n, output| output << n } }
    end

    expect(seen).to match_array([[:a, 1], [:b, 1], [1]])
  end

  it "distributes round robin in the order of the edges" do
    seen = seen_by do
      producer(:source, to: %i[c a b], routing: :round_robin) { |output| 7.times { |n| output << n } }
      consumer(:a) { |n| @seen << [:a, n] }
      consumer(:b) { |n| @seen << [:b, n] }
      consumer(:c) { |n| @seen << [:c, n] }
    end

    expect(seen.group_by(&:first).transform_values { |list| list.map(&:last) })
      .to eq(c: [0, 3, 6], a: [1, 4], b: [2, 5])
  end

  it "isolates named pipelines without to and from, which run at the same time" do
    left = Queue.new
    right = Queue.new
    object = flow do
      pipeline(:one) do
        producer(:source) { |output| output << left.pop }
        consumer(:keep) { |n| right << (n + 1) }
      end
      pipeline(:two) do
        producer(:source) do |output|
          left << 1
          output << right.pop
        end
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(object.tap(&:run).seen).to eq([2])
  end

  it "ends a stage left without upstream at once" do
    seen = seen_by do
      producer(:source) { |output| output << 1 }
      processor(:left) { |n, output| output << (n + 1) }
      consumer(:keep) { |n| @seen << n }
      reroute_stage :source, to: :keep
    end

    expect(seen).to eq([1])
  end

  it "carries each item once per edge between several composites" do
    seen = seen_by do
      %i[one two].each_with_index do |name, n|
        pipeline(name, to: %i[left right]) { producer(:source) { |output| output << n } }
      end
      %i[left right].each do |name|
        pipeline(name, to: :keep) { processor(:mark) { |n, output| output << [name, n] } }
      end
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to match_array([[:left, 0], [:left, 1], [:right, 0], [:right, 1]])
  end
end
