# frozen_string_literal: true

require_relative "dialect_helper"

# Section 13.
RSpec.describe "Errors" do
  it "in a block, a batch, a class or a hook cost that item" do
    failing = Class.new(Minigun::ConsumerStage) { def call(n) = n == 2 ? raise("class") : yield(n) }
    object = flow do
      producer(:source) { |output| 6.times { |n| output << n } }
      processor(:block) { |n, output| n == 1 ? raise("block") : output << n }
      custom_stage failing, :custom
      processor(:hooked, before: -> { raise "hook" if (@n = (@n || 0) + 1) == 2 }) { |n, output| output << n }
      accumulator(:pack, max_size: 2) { |batch| batch.size == 1 ? raise("batch") : batch }
      consumer(:keep) { |batch| @seen << batch }
    end
    object.run

    expect(object.seen).to eq([[0, 4]])
    expect(%i[block custom hooked].map { |name| stats_of(object, name).items_failed }).to eq([1, 1, 1])
    expect(stats_of(object, :pack).items_failed).to be_positive
    { block: "block", custom: "class", hooked: "hook", pack: "batch" }.each do |stage, message|
      expect(logged.lines.grep(/ERROR/).grep(/#{stage}/).grep(/#{message}/)).not_to be_empty
    end
  end

  it "in a producer or loop stage end it; what it sent flows on" do
    object = flow do
      producer(:source) { |output| (output << 1) && raise("dry") }
      producer(:other) { |output| output << 2 }
      stage(:loop) do |input, output|
        2.times { output << input.pop }
        raise "tired"
      end
      consumer(:keep) { |n| @seen << n }
    end

    expect { object.run }.not_to raise_error
    expect(object.seen).to match_array([1, 2])
    expect(logged).to match(/ERROR.*dry/).and match(/ERROR.*tired/)
  end

  fatal = { "a plain stage" => {}, "a pool" => { threads: 2 }, "copy-on-write children" => { processes: 2 },
            "persistent workers" => { execution: :ipc_fork, max: 2 } }
  fatal.each do |where, options|
    it "that are no StandardError leave run from #{where}" do
      object = flow do
        producer(:source) { |output| 50.times { |n| output << n } }
        processor(:work, **options) { |n, output| n == 3 ? raise(NotImplementedError, "later") : output << n }
        consumer(:keep) { |n| @seen << n }
      end

      expect { object.run }.to raise_error(NotImplementedError, "later")
    end
  end

  it "that are no StandardError leave run from producers, loops and nested stages, and stop the rest" do
    stuck = Queue.new
    places = {
      producer: proc { producer(:bad) { |_output| raise NotImplementedError, "here" } },
      loop: proc { stage(:bad) { |input, _output| input.pop && raise(NotImplementedError, "here") } },
      nested: proc { pipeline(:part) { consumer(:bad) { |_n| raise NotImplementedError, "here" } } },
      exit: proc { consumer(:bad) { |_n| exit(5) } }
    }
    places.each do |name, definition|
      object = flow do
        producer(:waits) { |_output| stuck.pop }
        producer(:source) { |output| output << 1 }
        instance_exec(&definition)
      end
      wanted = name == :exit ? SystemExit : NotImplementedError
      expect { object.run }.to raise_error(wanted)
    end
  end

  describe "of configuration" do
    {
      "to:" => proc { processor(:x, to: :nowhere) { |n| n } },
      "from:" => proc { processor(:x, from: :nowhere) { |n| n } },
      "reroute_stage" => proc { reroute_stage :source, to: :nowhere },
      "strategy:" => proc { processor(:x, strategy: :nowhere) { |n| n } },
      "strategy: of a nested stage" => proc { pipeline(:part) { consumer(:x, strategy: :nowhere) { |n| n } } },
      "execution:" => proc { processor(:x, execution: :nowhere) { |n| n } },
      "await:" => proc { consumer(:x, await: :nowhere) { |n| n } }
    }.each do |what, definition|
      it "leave run, naming what is unknown: #{what}" do
        object = flow do
          producer(:source) { |_output| @seen << :started }
          instance_exec(&definition)
        end

        expect { object.run }.to raise_error(Minigun::Error, /nowhere/)
        expect(object.seen).to eq([])
      end
    end

    it "leave run when a stage cannot start" do
      unusable = Class.new(Minigun::ConsumerStage)
      object = flow do
        producer(:source) { |output| output << 1 }
        custom_stage unusable, :unusable
      end

      expect { object.run }.to raise_error(Minigun::Error, /unusable/)
    end
  end

  it "are raised for a send to a stage that has ended" do
    over = Queue.new
    object = flow do
      producer(:source, to: :send) do |output|
        over.pop
        2.times { |n| output << n }
      end
      processor(:send, to: :keep) { |n, output| n.zero? ? output.to(:closed) << n : output << n }
      consumer(:keep) { |n| @seen << n }
      stage(:closed, await: 0.01) { |input, _output| over << input.pop }
    end
    object.run

    expect(object.seen).to eq([1])
    expect(logged).to match(/ERROR.*closed/)
    expect(stats_of(object, :send).items_failed).to eq(1)
  end
end
