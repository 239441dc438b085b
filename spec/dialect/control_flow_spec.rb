# frozen_string_literal: true

require_relative "dialect_helper"

# Section 4.2: self, control flow and values of blocks.
RSpec.describe "Inside a block" do
  it "is the real instance, everywhere" do
    selves = Queue.new
    object = flow do
      before_run { selves << self }
      producer(:source) { |output| (selves << self) && output << 1 }
      pipeline(:part, to: :keep) do
        before(:inner) { selves << self }
        processor(:inner) { |n, output| (selves << self) && output << n }
      end
      thread_pool(1) { consumer(:keep) { |_n| selves << self } }
    end
    object.run

    expect(Array.new(selves.size) { selves.pop }).to all(be(object))
  end

  it "keeps what is written to instance variables, from children too" do
    klass = program do
      attr_reader :places, :count

      pipeline do
        before_run { @places = [] }
        producer(:source) { |output| (@places << :producer) && output << 1 }
        cow_fork(1) { processor(:cow) { |n, output| (@places << :cow) && output << n } }
        ipc_fork(1) do
          processor(:ipc) do |n, output|
            @places << :ipc
            @count = n + 41
            output << n
          end
        end
        consumer(:keep) { |_n| @places << :terminal }
      end
    end
    object = klass.new.tap(&:run)

    expect([object.places.sort, object.count]).to eq([%i[cow ipc producer terminal], 42])
  end

  it "uses no return value, and ends an item by next" do
    seen = seen_by do
      producer(:source) { |output| 4.times { |n| output << n } && nil }
      processor(:odd) do |n, output|
        next :ignored if n.even?

        output << n
        :ignored
      end
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([1, 3])
  end

  {
    "break" => proc { |n, output| n == 1 ? break : output << n },
    "return" => proc { |n, output| n == 1 ? return : output << n },
    "throw" => proc { |n, output| n == 1 ? throw(:nobody) : output << n }
  }.each do |name, block|
    it "takes #{name} for an item error" do
      object = flow do
        producer(:source) { |output| 4.times { |n| output << n } }
        processor(:jumps, &block)
        consumer(:keep) { |n| @seen << n }
      end
      object.run

      expect(object.seen).to eq([0, 2, 3])
      expect(stats_of(object, :jumps).items_failed).to eq(1)
      expect(logged).to match(/ERROR.*jumps/)
    end
  end

  { "plain" => {}, "pooled" => { threads: 2 } }.each do |kind, options|
    it "takes the end of the worker thread for an error of a #{kind} stage" do
      object = flow do
        producer(:source) { |output| 6.times { |n| output << n } }
        processor(:exits, **options) { |n, output| n == 2 ? Thread.exit : output << n }
        consumer(:keep) { |n| @seen << n }
      end
      object.run

      expect(object.seen).to match_array([0, 1, 3, 4, 5])
      expect(stats_of(object, :exits).items_failed).to eq(1)
    end
  end

  it "survives a producer and a loop stage that exit their thread" do
    object = flow do
      producer(:source) { |output| (output << 1) && Thread.exit }
      stage(:loop) { |input, output| (output << input.pop) && Thread.current.kill }
      consumer(:keep) { |n| @seen << n }
    end
    object.run

    expect(object.seen).to eq([1])
    expect(logged).to include("source", "loop")
  end

  describe "a whole run" do
    let(:inner) do
      program do
        attr_accessor :top

        pipeline do
          producer(:source) { |output| top.times { |n| output << n } }
          cow_fork(2) { processor(:work) { |n, output| output << (n * n) } }
          consumer(:keep) { |n| @seen << n }
        end
      end
    end

    { "a plain stage" => {}, "a copy-on-write child" => { execution: :cow_fork, max: 2 },
      "a persistent worker" => { execution: :ipc_fork, max: 2 } }.each do |where, options|
      it "works inside #{where}, with forks of its own" do
        klass = inner
        seen = seen_by do
          producer(:source) { |output| [2, 3, 4].each { |n| output << n } }
          processor(:nest, **options) do |n, output|
            job = klass.new
            job.top = n
            job.run
            output << job.seen.sum
          end
          consumer(:keep) { |n| @seen << n }
        end

        expect(seen).to match_array([1, 5, 14])
      end
    end
  end
end
