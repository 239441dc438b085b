# frozen_string_literal: true

require_relative "dialect_helper"

# Section 16, and what section 18 will need.
RSpec.describe "Statistics" do
  let(:object) do
    flow do
      producer(:source) { |output| 10.times { |n| output << n } }
      thread_pool(2) { processor("work") { |n, output| n == 5 ? raise("five") : output << n } }
      cow_fork(1) { processor(:child) { |n, output| n == 6 ? raise("six") : output << n } }
      consumer(:keep) { |n| n }
    end
  end

  it "accept a name or a Stage" do
    object.run
    root = object._minigun_task.root_pipeline
    stage = root.find_stage(:work)

    expect(root.stats.for_stage(stage)).to be(root.stats.for_stage(:work))
    expect(root.stats.stage_stats["work"]).to be(root.stats.for_stage(:work))
    expect(root.stats.stage_stats[:work]).to be(root.stats.for_stage(:work))
    expect(root.stats.stage_stats[stage]).to be(root.stats.for_stage(:work))
    expect(root.stats.for_stage(:work).stage_name.to_s).to eq("work")
    expect(root.stats.pipeline).to be(root)
  end

  it "count pools and children like all others" do
    object.run

    expect(stats_of(object, :source)).to have_attributes(items_produced: 10, items_failed: 0)
    expect(stats_of(object, :work)).to have_attributes(items_consumed: 10, items_produced: 9, items_failed: 1)
    expect(stats_of(object, :child)).to have_attributes(items_consumed: 9, items_produced: 8, items_failed: 1)
    expect(stats_of(object, :keep)).to have_attributes(items_consumed: 8)
    expect(%i[work child keep].map { |name| stats_of(object, name).latency_data? }).to all(be(true))
    expect(stats_of(object, :child).p50).to be_positive
  end

  %i[thread_pool cow_fork ipc_fork ractor_pool].each do |context|
    it "observe each item once in #{context}, failed ones included" do
      object = flow do
        producer(:source) { |output| 40.times { |n| output << n } }
        send(context, 2) { processor(:work) { |n, output| n % 5 == 4 ? raise("four") : output << n } }
        consumer(:keep) { |n| n }
      end
      object.run

      expect(stats_of(object, :work)).to have_attributes(items_consumed: 40, items_failed: 8, observations: 40)
    end
  end

  [{}, { threads: 2 }, { processes: 2 }].each do |context|
    it "observe an item that is tried again once, with the time of its last try, with #{context}" do
      object = flow do
        producer(:source) { |output| 10.times { |n| output << n } }
        processor(:work, retries: 1, backoff: 0.001, **context) do |n, output|
          sleep 0.002
          n.odd? ? raise("odd") : output << n
        end
        consumer(:keep) { |n| n }
      end
      object.run

      expect(stats_of(object, :work)).to have_attributes(items_consumed: 10, items_failed: 5, observations: 10)
      expect(stats_of(object, :work).percentile(0)).to be >= 0.002
    end
  end

  it "are read while the run goes on, and after it through the class" do
    counts = []
    step = Queue.new
    object = flow do
      producer(:source) do |output|
        3.times { |n| (output << n) && step.pop }
      end
      consumer(:keep) do |n|
        @seen << n
        stats = _minigun_task.root_pipeline.stats
        counts << [stats.for_stage(:source).items_produced, stats.for_stage(:keep).items_consumed]
        stats.to_h
        step << :go
      end
    end
    object.run

    expect(counts.map(&:first)).to eq(counts.map(&:first).sort)
    expect(counts.last.first).to eq(3)
    expect(object.class._minigun_task.root_pipeline.stats).to be(stats_of(object))
    expect(stats_of(object).total_produced).to eq(3)
  end

  it "exist for nested pipelines" do
    object = flow do
      producer(:source) { |output| 4.times { |n| output << n } }
      pipeline(:part) { consumer(:inner) { |n| n } }
    end
    object.run
    inner = object._minigun_task.root_pipeline.find_stage(:part).pipeline

    expect(inner.stats.for_stage(:inner).items_consumed).to eq(4)
  end
end
