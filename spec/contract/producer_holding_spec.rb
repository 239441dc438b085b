# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "What a producer holds back" do
  # The job after a run in which no block can have taken the tenth of a second from which on a producer is slow.
  def after_short_run(&body)
    loop do
      short = job(&body)
      return short if seconds { short.run } < 0.1
    end
  end

  it "runs nothing downstream before its block and after hooks have ended" do
    50.times do
      short = after_short_run do
        producer(:gen, before: -> { @out << :before }, after: -> { @out << :after }) do
          @out << :block
          20.times { |n| emit n.tap { Thread.pass } }
          @out << :end
        end
        processor(:work) { |n| emit n.tap { @out << n } }
        consumer(:keep) { |n| @out << n }
      end

      expect(short.out.first(4)).to eq(%i[before block end after])
      expect(short.out.size).to eq(44)
    end
  end

  it "holds for a block that takes some time" do
    slow = after_short_run do
      producer(:gen, after: -> { @out << :after }) do
        3.times { |n| emit n.tap { sleep 0.005 } }
        @out << :end
      end
      consumer(:keep) { |n| @out << n }
    end

    expect(slow.out).to eq([:end, :after, 0, 1, 2])
  end

  it "holds for at least 32 items, by emit in methods and iterators as well" do
    short = after_short_run do
      def all(items) = items.each { |n| emit n }

      producer(:gen, after: -> { @out << :after }) { all(0...32) }
      processor(:a) { |n| emit n }
      consumer(:keep) { |n| @out << n }
    end

    expect(short.out).to eq([:after, *0...32])
  end

  it "holds per producer, also with several targets" do
    several = after_short_run do
      2.times do |i|
        producer(:"gen#{i}", to: %i[a b], after: -> { @out << :"after#{i}" }) do
          @out << :"start#{i}"
          10.times { |n| emit [i, n] }
        end
      end
      consumer(:a) { |item| @out << item }
      consumer(:b) { |item| @out << item }
    end

    2.times do |i|
      own = several.out.index(:"after#{i}")
      expect(several.out.index { |event| event.is_a?(Array) && event.first == i }).to be > own
    end
    expect(several.out.size).to eq(44)
  end

  it "holds for producers of nested pipelines" do
    nested = after_short_run do
      pipeline(:inner, to: :keep) do
        producer(:gen, before: -> { @out << :before }, after: -> { @out << :after }) do
          5.times { |n| emit n }
          @out << :end
        end
        processor(:work) { |n| emit n }
      end
      consumer(:keep) { |n| @out << n }
    end

    expect(nested.out).to eq([:before, :end, :after, 0, 1, 2, 3, 4])
  end

  it "is passed on before it becomes much" do
    seen = Queue.new
    long = job do
      producer(:gen) do
        2_000.times { |n| emit n }
        @out << seen.pop
      end
      consumer(:keep) { |n| seen << n }
    end
    long.run

    expect(long.out).to eq([0])
  end

  it "is passed on before long, for a producer that lives long" do
    seen = Queue.new
    slow = job do
      producer(:gen) do
        emit :first
        sleep 0.2
        emit :second
        @out << seen.pop
      end
      consumer(:keep) { |n| seen << n }
    end
    slow.run

    expect(slow.out).to eq([:first])
  end
end
