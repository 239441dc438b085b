# frozen_string_literal: true

require_relative "dialect_helper"

# Section 0: one engine, one semantics.
RSpec.describe "Mixing the dialects" do
  it "runs pools, batches, forks and plain stages of one class" do
    klass = Class.new do
      include Minigun::DSL
      attr_reader :kept

      def initialize(words, workers: 3)
        @words = words
        @workers = workers
        @kept = []
      end

      pipeline do
        producer(:list) { |output| @words.each { |word| output << word } }
        thread_pool(@workers) do
          processor(:load) { |word, output| output << word.upcase if wanted?(word) }
        end
        batch 25
        cow_fork(2) { processor(:scale) { |words, output| words.each { |w| output << shrink(w) } } }
        consumer(:keep) { |small| @kept << small }
      end

      private

      def wanted?(word) = word.start_with?("w")
      def shrink(word) = word[1..]
    end
    job = klass.new((1..100).map { |n| "w#{n}" } + ["no"], workers: 8)
    job.run

    expect(job.kept).to match_array((1..100).map(&:to_s))
  end

  it "mixes class-level stages with a pipeline block" do
    klass = program do
      producer(:count) { 3.times { |n| emit n } }
      pipeline do
        processor(:double) { |n, output| output << (n * 2) }
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(klass.new.tap(&:run).seen).to eq([0, 2, 4])
  end

  it "mixes emit and output in one block" do
    seen = seen_by do
      producer(:source) do |output|
        output << 1
        emit 2
        output << 3
      end
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([1, 2, 3])
  end

  it "holds a producer's output back until its after hooks have run, however it is written" do
    object = flow do
      producer(:source, after: -> { @seen << :after }) do |output|
        output << 1
        emit 2
        output.to(:aside) << 3
        @seen << :end
      end
      consumer(:keep) { |n| @seen << n }
      consumer(:aside, await: true) { |n| @seen << n }
    end
    object.run

    expect(object.seen.first(2)).to eq(%i[end after])
    expect(object.seen).to match_array([:end, :after, 1, 2, 3])
  end

  it "returns the count of the original dialect" do
    sources = flow do
      producer(:source) { |output| 7.times { |n| output << n } }
      processor(:triple) { |n, output| 3.times { output << n } }
      consumer(:keep) { |n| @seen << n }
    end
    batches = flow do
      producer(:source) { |output| 7.times { |n| output << n } }
      processor(:triple) { |n, output| 3.times { output << n } }
      batch 4
      consumer(:keep) { |n| @seen << n }
    end

    expect(sources.run).to eq(7)
    expect(batches.run).to eq(21)
  end
end
