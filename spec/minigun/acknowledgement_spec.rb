# frozen_string_literal: true

require "spec_helper"

RSpec.describe "ack: and nack:", :unlogged do
  def job(items: 300, &definition)
    Class.new do
      include Minigun::DSL
      attr_reader :acked, :nacked, :done

      define_method(:initialize) { @acked, @nacked, @done = [], [], [] }
      producer(:gen, ack: ->(item) { @acked << item }, nack: ->(item) { @nacked << item }) { items.times { |n| emit n } }
      class_eval(&definition)
    end.new
  end

  # Each item is told of once; these had failed.
  def expect_told(object, nacked)
    expect(object.nacked).to match_array(nacked)
    expect(object.acked).to match_array([*0..299] - nacked)
  end

  {
    "a chain, with several outputs for an item or none" => [[], proc do
      processor(:some) { |n| (n % 3).times { emit n } }
      consumer(:keep) { |n| n }
    end],
    "a stage that fails" => [[7, 8], proc do
      processor(:pass) { |n| emit n }
      consumer(:keep) { |n| raise "bad" if [7, 8].include?(n) }
    end],
    "threads" => [[7], proc do
      processor(:pass, threads: 3) { |n| n.odd? ? emit(n) : nil }
      consumer(:keep, threads: 2) { |n| raise "bad" if n == 7 }
    end],
    "a fan, one branch of which fails" => [[5], proc do
      processor(:left, to: :keep) { |n| emit n }
      processor(:right, to: :keep) { |n| n == 5 ? raise("bad") : emit(n) }
      consumer(:keep) { |n| n }
      reroute_stage :gen, to: %i[left right]
    end],
    "batches, which fail together" => [[*7..13], proc do
      accumulator(:pack, max_size: 7)
      consumer(:keep) { |batch| raise "bad" if batch.include?(10) }
    end],
    "batches that are tried again" => [[], proc do
      accumulator(:pack, max_size: 7, retries: 1, backoff: 0.001) do |batch|
        (@tried ||= {})[batch.first] ? batch.each { |n| emit n } : (@tried[batch.first] = true) && raise("first time")
      end
      consumer(:keep) { |n| n }
    end],
    "items that are tried again" => [[299], proc do
      processor(:try, retries: 1, backoff: 0.001) do |n|
        emit n
        raise "bad" if n == 299
        raise "first time" if (n % 10).zero? && !(@tried ||= {})[n] && (@tried[n] = true)
      end
      consumer(:keep) { |n| n }
    end],
    "dead letters and replacements, which are dealt with" => [[3], proc do
      processor(:dead, on_error: ->(_, n) { { 1 => :dead_letter, 2 => 0 }[n] }) { |n| n.between?(1, 3) ? raise("bad") : emit(n) }
      consumer(:keep) { |n| n }
    end],
    "sends by name" => [[9], proc do
      processor(:route) { |n, output| output.to(n.odd? ? :odd : :even) << n }
      consumer(:odd, await: true) { |n| raise "bad" if n == 9 }
      consumer(:even, await: true) { |n| n }
    end],
    "order restored" => [[9], proc do
      processor(:pass, threads: 3, ordered: true) { |n| emit n }
      consumer(:keep) { |n| raise "bad" if n == 9 }
    end],
    "turns" => [[], proc do
      processor(:one, to: :keep) { |n| emit n }
      processor(:other, to: :keep) { |n| emit n }
      consumer(:keep) { |n| n }
      stage_options = { to: %i[one other], routing: :round_robin }
      producer(:gen, **stage_options, ack: ->(item) { @acked << item }) { 300.times { |n| emit n } }
    end],
    "a loop" => [[], proc do
      stage(:pass) do |input, output|
        until (item = input.pop).is_a?(Minigun::EndOfStage)
          output << item
        end
      end
      consumer(:keep) { |n| n }
    end],
    "cow_fork" => [[], proc do
      processor(:pass, execution: :cow_fork, max: 2) { |n| emit n }
      consumer(:keep) { |n| n }
    end],
    "ipc_fork" => [[], proc do
      processor(:pass, execution: :ipc_fork, max: 2) { |n| emit n }
      consumer(:keep) { |n| n }
    end]
  }.each do |name, (nacked, definition)|
    it "tell of each source item once, through #{name}" do
      object = job(&definition)
      object.run

      expect_told(object, nacked)
    end
  end

  it "tell of what fails behind a loop that sends late what it makes" do
    object = job do
      stage(:pass) do |input, output|
        until (item = input.pop).is_a?(Minigun::EndOfStage)
          output << item
          sleep 0.001 if (item % 50).zero?
        end
      end
      consumer(:drop) do |item|
        sleep 0.0002 if (item % 7).zero?
        raise "bad" if (item % 3).zero?
      end
    end
    object.run

    expect(object.nacked).to include(*(0..299).step(3))
    expect(object.acked + object.nacked).to match_array([*0..299])
  end

  it "tell of what fails in a child process, and of what was in hand with it" do
    object = job do
      processor(:pass, execution: :ipc_fork, max: 2) { |n| n == 100 ? raise("bad") : emit(n) }
      consumer(:keep) { |n| n }
    end
    object.run

    expect(object.nacked).to include(100)
    expect(object.acked + object.nacked).to match_array([*0..299])
  end

  it "tell while the run goes on, and never before the last descendant is through" do
    done = {}
    early = []
    object = Class.new do
      include Minigun::DSL
      attr_reader :acked

      define_method(:initialize) { @acked = Thread::Queue.new }
      producer(:gen, ack: ->(item) { early << item unless done[[item, 0]] && done[[item, 1]]; @acked << item }) do # rubocop:disable Style/Semicolon
        100.times { |n| emit n }
        @acked.pop # some of what was emitted
        100.times { |n| emit 100 + n }
      end
      processor(:twice, threads: 2) { |n| 2.times { |k| emit [n, k] } }
      consumer(:keep, threads: 3) { |pair| sleep(0.0005) && done[pair] = true }
    end.new
    object.run

    expect(early).to eq([])
    expect(object.acked.size).to eq(199)
  end

  it "tell of what a stopped run did not deal with" do
    object = job { consumer(:keep) { |n| raise NotImplementedError if n == 100 } }
    expect { object.run }.to raise_error(NotImplementedError)

    expect(object.nacked).to include(100)
    expect(object.acked).to match_array([*0..63])
    expect(object.acked & object.nacked).to eq([])
  end

  it "tell of what a stage did not take" do
    object = job { stage(:three) { |input, _output| 3.times { input.pop } } }
    object.run

    expect(object.nacked).to include(10) # the producer stops, as nobody wants more
    expect(object.acked & object.nacked).to eq([])
    expect((object.acked + object.nacked).size).to eq(object.last_result.stage(:gen).produced)
  end

  it "stop the run when they fail, and are for producers" do
    failing = Class.new do
      include Minigun::DSL
      producer(:gen, ack: ->(_) { raise IOError, "the broker is gone" }) { emit 1 }
      consumer(:keep) { |n| n }
    end
    expect { failing.new.run }.to raise_error(IOError, "the broker is gone")

    misplaced = job { consumer(:keep, ack: ->(n) { n }) { |n| n } }
    expect { misplaced.run }.to raise_error(Minigun::Error, /stage :keep: ack: and nack: are for producers/)
    native = job { native(:keep, grep: /x/) }
    expect { native.run }.to raise_error(Minigun::Error, /native stages/)
  end

  it "keep what they tell of from being collected, and compacted away", limit: 120 do
    object = Class.new do
      include Minigun::DSL
      attr_reader :told

      define_method(:initialize) { @told = [] }
      producer(:gen, ack: ->(item) { @told << item }) { 200.times { |n| emit "item #{n}" } }
      processor(:forget) { |item| emit item.size }
      consumer(:keep, threads: 2) do |n|
        GC.start if rand(20).zero?
        GC.compact if GC.respond_to?(:compact) && rand(40).zero?
        n
      end
    end.new
    object.run

    expect(object.told).to match_array(Array.new(200) { |n| "item #{n}" })
  end
end
