# frozen_string_literal: true

require "spec_helper"
require "minigun/execution/fork/tidying"

RSpec.describe Minigun::Execution::Fork::Tidying do
  subject(:tidying) { described_class.new }

  let(:megabyte) { 1 << 20 }

  def collections
    before = GC.count
    yield
    GC.count - before
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
