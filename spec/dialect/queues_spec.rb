# frozen_string_literal: true

require_relative "dialect_helper"

# Section 10: bounded queues.
RSpec.describe "Queues" do
  # How far the producer got ahead of a consumer that works in a thread of its own.
  def lead(items: 2000, klass_size: nil, **options)
    sent = done = most = 0
    program do
      default_queue_size klass_size if klass_size
      pipeline do
        producer(:source) do |output|
          items.times do |n|
            output << n
            sent += 1
            most = [most, sent - done].max
          end
        end
        consumer(:keep, threads: 1, **options) do |_n|
          Thread.pass
          done += 1
        end
      end
    end.new.run
    expect([sent, done]).to eq([items, items])
    most
  end

  it "hold a producer back by queue_size" do
    expect(lead(queue_size: 3)).to be < 100
  end

  it "hold a producer back by the size of the class" do
    expect(lead(klass_size: 4)).to be < 100
  end

  it "hold a producer back by the size of the module" do
    Minigun.configure { |c| c.default_queue_size = 5 }

    expect(lead).to be < 100
  ensure
    Minigun.configure { |c| c.default_queue_size = 1000 }
  end

  it "hold a producer back by the size of a nested pipeline" do
    sent = done = most = 0
    flow do
      producer(:source) do |output|
        2000.times do |n|
          output << n
          sent += 1
          most = [most, sent - done].max
        end
      end
      pipeline(:part, queue_size: 3) { consumer(:keep, threads: 1) { |_n| done += 1 } }
    end.run

    expect(done).to eq(2000)
    expect(most).to be < 100
  end

  [0, false, Float::INFINITY].each do |size|
    it "are unbounded with #{size}" do
      gate = Queue.new
      flow do
        producer(:source) do |output|
          5000.times { |n| output << n }
          gate << :all_sent
        end
        consumer(:keep, queue_size: size, threads: 1) { |n| n.zero? && gate.pop }
      end.run

      expect(gate).to be_empty
    end
  end

  it "never stop a chain of small ones, whatever a stage multiplies" do
    seen = seen_by do
      producer(:source) { |output| 20.times { |n| output << n } }
      processor(:many, queue_size: 1) { |n, output| 200.times { |k| output << (n * 200 + k) } }
      thread_pool(2) { processor(:middle, queue_size: 1) { |n, output| output << n } }
      processor(:last, queue_size: 1) { |n, output| output << n }
      consumer(:keep, queue_size: 1) { |n| @seen << n }
    end

    expect(seen.size).to eq(4000)
    expect(seen.uniq.size).to eq(4000)
  end

  it "never stop a circle of full ones" do
    seen = seen_by do
      producer(:source) { |output| 200.times { |n| output << [n, 3] } }
      processor(:work, queue_size: 1) { |(n, left), output| left.zero? ? output << n : output.to(:again) << [n, left - 1] }
      consumer(:keep) { |n| @seen << n }
      processor(:again, await: true, queue_size: 1) { |x, output| output.to(:work) << x }
    end

    expect(seen.sort).to eq([*0...200])
  end

  it "drain and report what arrives at a stage that ended early" do
    object = flow do
      producer(:source) { |output| 400.times { |n| output << n } }
      stage(:brief, queue_size: 1) { |input, _output| @seen << input.pop }
    end
    object.run

    expect(object.seen).to eq([0])
    expect(logged).to match(/WARN.*399|WARN.*undelivered/)
  end
end
