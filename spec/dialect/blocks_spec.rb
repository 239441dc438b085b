# frozen_string_literal: true

require_relative "dialect_helper"

# Section 4.1: what a block receives follows from the word and its parameters.
RSpec.describe "What a block receives" do
  # The arguments the stage saw for the item [1, 2], with outputs named.
  def received(word, options = {}, item: [1, 2], &block)
    seen = seen_by do
      producer(:source) { |output| output << item }
      batch(1) if word.start_with?("spawn")
      public_send(word, :work, **options, &block)
      consumer(:keep) { |x| @seen << x }
    end
    seen.first
  end

  def self.shows(text, value, word = :processor, **options, &block)
    it "#{word} #{text}" do
      expect(received(word, **options, &block)).to eq(value)
    end
  end

  describe "per item" do
    shows("{ |item| }", [1, 2]) { |item| emit item }
    shows("{ |item| }", [1, 2], :consumer) { |item| emit item }
    shows("{ |item| }", [1, 2], :stage) { |item| emit item }
    shows("{ |item, output| }", [1, 2]) { |item, output| output << item }
    shows("{ |item, out| }", [1, 2]) { |item, out| out << item }
    shows("{ |item, _output_queue| }", [1, 2]) { |item, _output_queue| emit item }
    shows("{ |item, outputs| }", [1, 2], :stage) { |item, outputs| outputs << item }
    shows("{ |(a, b), out| }", 3) { |(a, b), out| out << (a + b) }
    shows("{ |a, b| }", { 1 => 2 }) { |a, b| emit({ a => b }) }
    shows("{ |a, outlet| }", [1, 2]) { |a, outlet| emit [a, outlet] }
    shows("{ |output, item| }", [2, 1]) { |output, item| emit [item, output] }
    shows("{ |item, output = nil| }", [1, 2]) { |item, output = nil| output << item }
    shows("{ |item, output, key: 1, &block| }", [[1, 2], 1]) { |item, output, key: 1, &_block| output << [item, key] }
    shows("{ _1 }", [1, 2]) { emit _1 }
    shows("{ _1, _2 }", [2, 1]) { emit [_2, _1] }
    shows("{ |batch, output| }", [[1, 2]], :spawn_thread) { |batch, output| output << batch }
    shows("{ |item, output| }", [1, 2], :thread_pool) { |item, output| output << item }
    shows("{ |item, output| }", [1, 2], :cow_fork) { |item, output| output << item }
    shows("{ |a, b| }", [2, 1], :ipc_fork) { |a, b| emit [b, a] }
  end

  describe "producers" do
    it "producer { } gets nothing, producer { |anything| } the output" do
      seen = seen_by do
        producer(:none) { emit 1 }
        producer(:one) { |whatever| whatever << 2 }
        producer(:more) { |item, other| item << [3, other] }
        consumer(:keep) { |n| @seen << n }
      end

      expect(seen).to match_array([1, 2, [3, nil]])
    end

    it "stage { } is a producer; a processor without parameter follows the arity" do
      seen = seen_by do
        stage(:first) { emit 1 }
        processor(:second) { emit 2 }
        consumer(:keep) { |n| @seen << n }
      end

      expect(seen).to match_array([1, 2])
    end
  end

  describe "loop stages" do
    it "stage { |input, output| } is called once and owns its loop" do
      calls = 0
      seen = seen_by do
        producer(:source) { |output| 3.times { |n| output << n } }
        stage(:loop) do |input, output|
          calls += 1
          until (n = input.pop).is_a?(Minigun::EndOfStage)
            output << (n * 2)
          end
        end
        consumer(:keep) { |n| @seen << n }
      end

      expect([seen, calls]).to eq([[0, 2, 4], 1])
    end

    it "is known by the name of its first parameter" do
      expect(received(:stage) { |inputs, sink| sink << inputs.pop }).to eq([1, 2])
      expect(received(:stage) { |input_queue, sink| sink << input_queue.pop }).to eq([1, 2])
      expect(received(:stage) { |_in, sink| sink << _in.pop }).to eq([1, 2])
      expect(received(:stage) { |queue, sink| sink << queue.pop }).to eq([1, 2])
    end

    it "is none with another first parameter" do
      expect(received(:stage) { |info, other| emit [other, info] }).to eq([2, 1])
    end
  end

  describe "lambdas and method objects" do
    it "get as many arguments as they require" do
      expect(received(:processor, &->(item) { emit item })).to eq([1, 2])
      expect(received(:processor, &->(a, b) { b << a })).to eq([1, 2])
      expect(received(:processor, &->(item, output = nil) { output << item })).to eq([1, 2])
      expect(received(:processor, &->(item, other = 5) { emit [item, other] })).to eq([[1, 2], 5])
    end

    it "may be methods of the instance" do
      klass = program do
        def double(item) = emit(item * 2)
        def add(item, sink) = (sink << (item + 1))
        pipeline do
          producer(:source) { |output| output << 4 }
          processor(:double, &method(:double))
          processor(:add, &method(:add))
          consumer(:keep) { |n| @seen << n }
        end
      end

      expect(klass.new.tap(&:run).seen).to eq([9])
    end

    it "call the method of the item for &:name" do
      calls = []
      item = Object.new
      item.define_singleton_method(:touch) { |*args| calls << args }
      flow do
        producer(:source) { |output| output << item }
        processor(:touch, &:touch)
      end.run

      expect(calls).to eq([[]])
    end
  end

  describe "emit" do
    it "works in every kind of block, and in methods called from it" do
      shout = Class.new(Minigun::ConsumerStage) do
        def call(item) = shout(item)
        def shout(item) = emit(item + 1)
      end
      klass = program do
        def pass(item) = emit(item + 1)
        pipeline do
          producer(:source) { |_output| [0].each { |n| pass(n) } }
          custom_stage shout, :shout
          stage(:loop) { |input, _output| pass(input.pop) }
          cow_fork(1) { processor(:child) { |n, _output| pass(n) } }
          accumulator(:pack) { |batch| batch.each { |n| pass(n) } }
          consumer(:keep) { |n| @seen << n }
        end
      end

      expect(klass.new.tap(&:run).seen).to eq([5])
    end

    it "leaves a user's own emit alone" do
      klass = program do
        def emit(item) = (@seen << [:mine, item])
        pipeline do
          producer(:source) { |output| output << 1 }
          processor(:work) { |n| emit n }
          consumer(:keep) { |n| @seen << n }
        end
      end

      expect(klass.new.tap(&:run).seen).to eq([[:mine, 1]])
    end
  end
end
