# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::StallError do
  before do
    @logger = Minigun.logger
    Minigun.logger = Logger.new(@log = StringIO.new, level: Logger::INFO)
  end

  after { Minigun.logger = @logger }

  # The process must have no thread that could wake another.
  def message_of
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      yield
    rescue Exception => e # rubocop:disable Lint/RescueException
      writer.write("#{e.class}: #{e.message}")
      writer.close
      exit!(0)
    end
    writer.close
    reader.read
  ensure
    Process.wait(pid)
  end

  it "is raised where nothing can happen any more, with who waits for what" do
    message = message_of do
      Class.new do
        include Minigun::DSL
        producer(:gen) { 10.times { |n| emit n } }
        consumer(:stuck, execution: :thread, max: 1, queue_size: 3) { |_| Thread::Queue.new.pop }
      end.new.run
    end

    expect(message).to start_with("Minigun::StallError: every stage waits")
    expect(message).to match(/stage gen: produces\n +a worker waits for room in :stuck\n +stage stuck: \d queued of 3, writers wait for room.*oldest item: \d\n.*a worker runs its code\n.*stall_spec.rb:\d+:in/m)
  end

  it "tells of a loop that waits for items, of how many stages these may come from, and of items that can't be shown" do
    mute = Class.new { def inspect = raise("no") }
    message = message_of do
      Class.new do
        include Minigun::DSL
        producer(:gen) { 10.times { emit mute.new } }
        processor(:stuck, execution: :thread, max: 1, queue_size: 3) { |_| Thread::Queue.new.pop }
        stage(:keep) { |input, _output| input.pop }
      end.new.run
    end

    expect(message).to include("oldest item: an item that can't be shown\n")

    expect(message).to match(/stage keep: 0 queued of \d+, 1 stage\(s\) may send more\n +a worker waits for items/)
  end

  it "is not raised for what may still end: a sleep, a thread that runs, a retry" do
    message = message_of do
      Class.new do
        include Minigun::DSL
        producer(:gen) { 2.times { |n| emit n } }
        consumer(:slow) do |n|
          queue = Thread::Queue.new
          Thread.new { sleep(1.5) && queue << n }
          queue.pop
          sleep 1.2
        end
      end.new.run
      raise "through"
    end

    expect(message).to eq("RuntimeError: through")
  end

  it "counts from the beginning of the run where nothing has got on yet" do
    Class.new do
      include Minigun::DSL
      stall_after 0.1
      producer(:gen) { sleep(1.1) && emit(1) }
      consumer(:keep) { |n| n }
    end.new.run

    expect(@log.string.scan(/no item has got on for (\d+) s/).flatten.map(&:to_i)).to all(be < 100)
  end

  it "is preceded by a report in the log where a run only takes long, as often as stall_after says" do
    Class.new do
      include Minigun::DSL
      stall_after 1
      producer(:gen) { emit 1 }
      consumer(:slow) { |_| sleep 2.2 }
    end.new.run

    expect(@log.string).to match(/WARN.*no item has got on for 1 s\n.*stage slow: 0 queued of 1000.*\n.*a worker runs its code\n.*sleep/m)
  end

  it "says nothing with stall_after false" do
    Class.new do
      include Minigun::DSL
      stall_after false
      producer(:gen) { emit 1 }
      consumer(:slow) { |_| sleep 1.5 }
    end.new.run

    expect(@log.string).to be_empty
  end
end
