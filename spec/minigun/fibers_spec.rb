# frozen_string_literal: true

require "spec_helper"

# A fiber, such as that of an Enumerator that is asked for its next value, can't be resumed by another
# thread than the one it began in. So a stage that has one stays there.
RSpec.describe "Fibers in stages" do
  def outcome(&definition)
    job = Class.new do
      include Minigun::DSL
      attr_reader :out, :threads

      def initialize
        @out = []
        @threads = []
        @numbers = (1..).each
      end
      class_eval(&definition)
    end.new
    job.run
    [job.out, job.threads.uniq.size]
  end

  it "are resumed by the thread they belong to, behind a producer that turns out to be slow" do
    out, threads = outcome do
      producer(:gen) do
        100.times { |n| emit n }
        30.times { |n| emit(n).tap { sleep 0.01 } }
      end
      processor(:number) do |n|
        @threads << Thread.current
        emit [@numbers.next, n]
      end
      consumer(:keep) { |pair| @out << pair }
    end

    expect(out.map(&:first)).to eq((1..130).to_a)
    expect(threads).to eq(1)
  end

  it "are resumed by the thread they belong to, in stages that turn out to wait" do
    out, threads = outcome do
      producer(:gen) { 30.times { |n| emit n } }
      processor(:number) { |n| emit [@numbers.next, n] }
      consumer(:keep) do |pair|
        @threads << Thread.current
        sleep 0.002
        @out << [*pair, @numbers.next]
      end
    end

    expect(out.flat_map { |first, _, last| [first, last] }).to match_array(1..60)
    expect(out.map { |pair| pair[1] }).to eq((0...30).to_a)
    expect(threads).to eq(1)
  end

  it "hold back nothing for longer than until the next item" do
    chunk = 64
    out, = outcome do
      producer(:gen) do
        chunk.times { |n| emit n }
        (chunk - 1).times { |n| @out.size > chunk ? break : emit(n).tap { sleep 0.005 } }
      end
      processor(:number) { |n| emit [@numbers.next, n] }
      consumer(:keep) { |pair| @out << pair }
    end

    expect(out.size).to be_between(chunk + 1, (2 * chunk) - 2)
  end
end
