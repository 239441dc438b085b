# frozen_string_literal: true

require "spec_helper"

RSpec.describe "queue_bytes" do
  # How many items were made and not worked on yet, at most.
  def most_waiting(settings: {}, item: -> { "x" * 1_000_000 }, count: 150, **options)
    object = Class.new do
      include Minigun::DSL
      attr_reader :most, :done

      settings.each { |word, value| public_send(word, value) }
      define_method(:initialize) { @made = @done = @most = 0 }
      producer(:gen) do
        count.times do
          emit item.call
          @made += 1
        end
      end
      consumer(:slow, execution: :thread, max: 1, **options) do |_|
        @most = [@most, @made - @done].max
        Thread.pass
        @done += 1
      end
    end.new
    object.run
    expect(object.done).to eq(count)
    object.most
  end

  it "holds writers back by what the items weigh, beyond what a producer holds in any case" do
    expect(most_waiting(queue_bytes: 3_000_000)).to be <= 32 + 10
  end

  it "is a setting, too, and goes into Arrays and Hashes" do
    expect(most_waiting(settings: { default_queue_bytes: 3_000_000 }, item: -> { ["x" * 1_000_000] })).to be <= 32 + 10
    expect(most_waiting(settings: { default_queue_bytes: 3_000_000 }, item: -> { { a: "x" * 1_000_000 } })).to be <= 32 + 10
  end

  it "is 64 MB for large items where nobody says, and nothing for others" do
    expect(most_waiting(count: 300)).to be <= 32 + (2 * 64) + 5 # one queue, and what was taken from it at once
    expect(most_waiting(item: -> { "small" }, queue_bytes: nil)).to be > 60
  end

  it "lets one item through however much it weighs" do
    expect(most_waiting(queue_bytes: 10, count: 40)).to be <= 32 + 3
  end

  it "is no end where it is false, whatever the items weigh" do
    text = "x" * 1_000_000
    object = Class.new do
      include Minigun::DSL
      attr_reader :kept

      define_method(:initialize) { @all, @kept = Queue.new, 0 }
      producer(:gen) { 300.times { emit text } && @all << true }
      consumer(:slow, execution: :thread, max: 1, queue_bytes: false) { |_| (@kept += 1) == 1 && @all.pop }
    end.new
    object.run

    expect(object.kept).to eq(300)
  end

  it "must be a size" do
    expect { most_waiting(queue_bytes: -1) }.to raise_error(Minigun::Error, /stage :slow: queue_bytes: must be/)
  end
end
