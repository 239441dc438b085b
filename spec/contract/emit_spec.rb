# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "emit" do
  def noted(job) = job.tap(&:run).out

  it "takes exactly one argument" do
    wrong = []
    job do
      producer(:gen) do
        [[], [1, 2]].each do |arguments|
          emit(*arguments)
        rescue ArgumentError => e
          wrong << e.class
        end
      end
    end.run

    expect(wrong).to eq([ArgumentError, ArgumentError])
  end

  it "of a producer reaches each of its successors" do
    expect(noted(job do
      producer(:gen, to: %i[a b]) { 2.times { |n| emit n } }
      consumer(:a) { |n| @out << [:a, n] }
      consumer(:b) { |n| @out << [:b, n] }
    end)).to contain_exactly([:a, 0], [:a, 1], [:b, 0], [:b, 1])
  end

  it "of a processor may come never, once or often" do
    expect(noted(job do
      producer(:gen) { 4.times { |n| emit n } }
      processor(:repeat) { |n| n.times { emit n } }
      consumer(:keep) { |n| @out << n }
    end)).to eq([1, 2, 2, 3, 3, 3])
  end

  it "knows its producer, with several at once on one object" do
    sizes = { a: 700, b: 1_300, c: 50 }
    many = job do
      sizes.each do |name, size|
        producer(name, to: :"from_#{name}") do
          size.times do |n|
            emit name
            Thread.pass if (n % 7).zero?
          end
        end
        consumer(:"from_#{name}") { |item| @out << [name, item] }
      end
    end
    many.run

    expect(many.out.tally).to eq(sizes.to_h { |name, size| [[name, name], size] })
    expect(sizes.keys.map { |name| stats(many, name).items_produced }).to eq(sizes.values)
  end

  it "of a terminal stage of the root does nothing" do
    expect(noted(job do
      producer(:gen) { emit 1 }
      consumer(:keep) { |n| @out << n.tap { emit n } }
    end)).to eq([1])
  end

  it "of a nested terminal stage feeds what follows the nested pipeline" do
    expect(noted(job do
      producer(:gen) { emit 1 }
      pipeline(:inner) { consumer(:inc) { |n| emit n + 1 } }
      consumer(:keep) { |n| @out << n }
    end)).to eq([2])
  end

  it "of a nested terminal stage is dropped without a successor" do
    lone = job do
      pipeline(:inner) do
        producer(:gen) { emit 1 }
        consumer(:inc) { |n| @out << n.tap { emit n + 1 } }
      end
    end

    expect(noted(lone)).to eq([1])
  end

  it "works in methods of the user" do
    expect(noted(job do
      def both(n) = [n, -n].each { |each| emit each }

      producer(:gen) { both 1 }
      processor(:more) { |n| both n * 10 }
      consumer(:keep) { |n| @out << n }
    end)).to eq([10, -10, -10, 10])
  end

  it "works in blocks passed on" do
    expect(noted(job do
      def yielding = yield(3)

      producer(:gen) { yielding { |n| n.times { |i| emit i } } }
      processor(:more) { |n| 1.upto(n) { |i| emit i } }
      consumer(:keep) { |n| @out << n }
    end)).to eq([1, 1, 2])
  end

  it "works in a Fiber" do
    expect(noted(job do
      producer(:gen) do
        fiber = Fiber.new { 3.times { |n| Fiber.yield emit(n) } }
        3.times { fiber.resume }
      end
      processor(:inc) { |n| Fiber.new { emit n + 1 }.resume }
      consumer(:keep) { |n| @out << n }
    end)).to eq([1, 2, 3])
  end

  it "works in an Enumerator" do
    expect(noted(job do
      producer(:gen) do
        source = Enumerator.new { |to| 3.times { |n| to << n.tap { |item| emit item } } }
        3.times { source.next }
      end
      consumer(:keep) { |n| @out << n }
    end)).to eq([0, 1, 2])
  end

  it "in a thread of the user's works or says clearly that it can't" do
    refused = []
    threaded = job do
      producer(:gen) do
        Thread.new do
          5.times { |n| emit n }
        rescue Minigun::Error => e
          refused << e
        end.join
      end
      consumer(:keep) { |n| @out << n }
    end
    threaded.run

    expect(refused.empty? ? threaded.out : refused).to eq(refused.empty? ? [0, 1, 2, 3, 4] : refused)
    expect(refused).not_to be_empty if threaded.out.empty?
  end

  it "takes nil and false like any other item" do
    expect(noted(job do
      producer(:gen) { [nil, false, [], 0].each { |item| emit item } }
      processor(:same) { |item| emit item }
      accumulator(:pack)
      processor(:unpack) { |batch| batch.each { |item| emit item } }
      consumer(:keep) { |item| @out << item }
    end)).to eq([nil, false, [], 0])
  end

  it "takes the library's own end marks as items" do
    expect(noted(job do
      producer(:gen) { %i[END_OF_QUEUE after].each { |item| emit item } }
      consumer(:keep) { |item| @out << item }
    end)).to eq(%i[END_OF_QUEUE after])
  end

  it "takes a BasicObject" do
    strange = BasicObject.new
    seen = nil
    job do
      producer(:gen) { emit strange }
      processor(:same) { |item| emit item }
      consumer(:keep) { |item| seen = item }
    end.run

    expect(strange.__id__).to eq(seen.__id__)
  end

  it "hands one object to all branches" do
    item = Object.new
    expect(noted(job do
      producer(:gen, to: %i[a b]) { emit item }
      consumer(:a) { |it| @out << it }
      consumer(:b) { |it| @out << it }
    end)).to match([be(item), be(item)])
  end

  describe "a thousand times per item" do
    it "passes a chain of many processors" do
      expect(noted(job do
        producer(:gen) { emit 0 }
        processor(:fan) { |_| 1_000.times { |n| emit n } }
        40.times { |i| processor(:"inc#{i}") { |n| emit n + 1 } }
        consumer(:keep) { |n| @out << n }
      end)).to eq((40..1_039).to_a)
    end

    it "may be repeated stage after stage" do
      many = job do
        producer(:gen) { 3.times { |n| emit n } }
        processor(:fan) { |n| 1_000.times { emit n } }
        processor(:fan_again) { |n| 10.times { emit n } }
        consumer(:keep) { |n| @out << n }
      end

      expect(noted(many).tally).to eq({ 0 => 10_000, 1 => 10_000, 2 => 10_000 })
      expect(stats(many, :fan_again).items_produced).to eq(30_000)
    end

    it "passes diamonds and nested pipelines" do
      expect(noted(job do
        producer(:gen) { 2.times { emit 1 } }
        processor(:fan, to: %i[left right]) { |n| 1_000.times { emit n } }
        processor(:left, to: :inner) { |n| emit n + 1 }
        processor(:right, to: :inner) { |n| 3.times { emit n + 2 } }
        pipeline(:inner, to: :keep) { processor(:same) { |n| emit n } }
        consumer(:keep) { |n| @out << n }
      end).tally).to eq({ 2 => 2_000, 3 => 6_000 })
    end
  end

  it "is not shared by runs of one class at the same time" do
    klass = job_class do
      define_method(:initialize) { |mark| @mark, @out = mark, [] }
      producer(:gen) { 300.times { |n| emit [@mark, n] } }
      pipeline(:inner) { processor(:same) { |item| item.tap { Thread.pass }.then { |it| emit it } } }
      consumer(:keep) { |mark, n| @out << [mark, n] }
    end
    jobs = %i[a b c].map { |mark| klass.new(mark) }
    jobs.map { |each| Thread.new { each.run } }.each(&:join)

    expect(jobs.map(&:out)).to eq(%i[a b c].map { |mark| Array.new(300) { |n| [mark, n] } })
  end
end
