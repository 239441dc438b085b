# frozen_string_literal: true

require "spec_helper"
require "json"
require "minigun/execution/fork/tidying"

RSpec.describe Minigun::Execution::Fork::Tidying do
  subject(:tidying) { described_class.new }

  let(:megabyte) { 1 << 20 }
  let(:starts) { [] }

  before { allow(GC).to receive(:start).and_wrap_original { |start, **options| start.call(**options.tap { starts << _1 }) } }

  # Ruby's own are not counted: they come when they come.
  def collections
    before = starts.size
    yield
    starts.size - before
  end

  it "collects garbage each time some megabytes of large items have come in" do
    expect(collections { 3.times { tidying.after(1 * megabyte) } }).to eq(0)
    expect(collections { 40.times { tidying.after(1 * megabyte) } }).to be_between(2, 12)
  end

  it "leaves the collector off where the program has turned it off" do
    GC.disable
    expect(collections { 40.times { tidying.after(megabyte) } }).to eq(0)
    expect(GC.enable).to be(true)
  ensure
    GC.enable
  end

  it "leaves the collector to Ruby where a collection is dear" do
    allow(GC).to receive(:start) { sleep 0.01 }
    100.times { tidying.after(megabyte) }
    expect(GC).to have_received(:start).with(full_mark: false).exactly(described_class::TRIAL).times
  end

  describe "before forks" do
    def collections_where(live:, old:, free:)
      allow(GC).to receive(:stat).and_return(heap_live_slots: live, old_objects: old, heap_free_slots: free)
      collections { described_class.before_forks }
    end

    it "is done where a collection is due and many objects are young" do
      expect(collections_where(live: 300_000, old: 200_000, free: 500)).to eq(1)
      expect(collections_where(live: 300_000, old: 200_000, free: 150_000)).to eq(0)
      expect(collections_where(live: 300_000, old: 290_000, free: 500)).to eq(0)
    end

    # Where the allocator is glibc's and has not been put in another's place.
    trims = File.exist?("/proc/self/statm") && RUBY_PLATFORM.include?("linux-gnu") && ENV["LD_PRELOAD"].to_s.empty?
    it "has free memory go back to the system, which children would share", if: trims do
      program = <<~RUBY
        require "etc"
        require "minigun"
        require "minigun/execution/fork/tidying"
        resident = -> { File.read("/proc/self/statm").split[1].to_i * Etc.sysconf(Etc::SC_PAGESIZE) >> 20 }
        before = resident.call
        strings = Array.new(8000) { "x" * 5000 }
        peak = resident.call
        strings = strings.values_at(7999)
        GC.start
        Minigun::Execution::Fork::Tidying.before_forks
        p [before, peak, resident.call]
      RUBY
      before, peak, after = JSON.parse(IO.popen([RbConfig.ruby, "-Ilib", "-e", program], &:read))
      expect(peak - before).to be > 30
      expect(peak - after).to be > 20
    end

    it "is not done where nobody knows, or the program has turned the collector off" do
      allow(GC).to receive(:stat).and_return({})
      expect(collections { described_class.before_forks }).to eq(0)
      GC.disable
      expect(collections_where(live: 300_000, old: 200_000, free: 500)).to eq(0)
    ensure
      GC.enable
    end
  end

  it "is done where results are large, too" do
    task = Class.new do
      include Minigun::DSL
      attr_reader :sum

      pipeline do
        producer(:numbers) { |output| 3000.times { |n| output << n } }
        ipc_fork(1) { processor(:grow) { |n, output| output << (n.to_s * 3000) } }
        consumer(:gather) { |text| @sum = @sum.to_i + text.size }
      end
    end

    expect(collections { task.new.run }).to be >= described_class::TRIAL
  end

  it "is done in workers, and not for small items" do
    task = Class.new do
      include Minigun::DSL
      attr_reader :counts

      def initialize(items)
        @items, @counts = items, []
      end

      pipeline do
        producer(:items) { |output| @items.each { |item| output << item } }
        ipc_fork(1) { processor(:count) { |_item, output| output << GC.count } }
        consumer(:gather) { |count| @counts << count }
      end
    end
    large = task.new(Array.new(3000) { "x" * 10_000 }).tap(&:run).counts
    small = task.new(Array.new(3000) { "x" * 100 }).tap(&:run).counts

    expect(large.max - large.min).to be >= 2
    expect(small.max - small.min).to be <= 1
  end
end
