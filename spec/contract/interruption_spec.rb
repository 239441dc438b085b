# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Interrupting a run", :interrupting do
  shapes = {
    "a sleeping producer" => proc { producer(:gen) { sleep } },
    "a busy producer" => proc { producer(:gen) { loop { emit 1 } } },
    "a producer that never emits" => proc { producer(:gen) { loop { nil } } },
    "a sleeping processor" => proc do
      producer(:gen) { loop { emit 1 } }
      processor(:work) { |_| sleep }
    end,
    "a blocking terminal stage" => proc do
      producer(:gen) { 100.times { |n| emit n } }
      consumer(:work) { |_| sleep 0.05 and Queue.new.pop }
    end,
    "a sleeping child" => proc do
      producer(:gen) { 100.times { |n| emit n } }
      accumulator(:pack, max_size: 1)
      spawn_fork(:work) { |_| sleep }
    end,
    "a nested pipeline" => proc do
      pipeline(:inner, to: :keep) { producer(:gen) { loop { emit 1 } } }
      consumer(:keep) { |_| sleep 0.01 }
    end,
    "a waiting accumulator" => proc do
      producer(:gen) { 3.times { |n| emit n } && sleep }
      accumulator(:pack)
      consumer(:keep) { |batch| batch }
    end,
    "a hook" => proc do
      before_run { sleep }
      producer(:gen) { emit 1 }
    end
  }

  shapes.each do |name, definition|
    describe "with #{name}" do
      let(:running) { job(&definition) }

      it "by Timeout leaves nothing behind", :no_leaks do
        took = seconds { expect { Timeout.timeout(0.15) { running.run } }.to raise_error(Timeout::Error) }

        expect(took).to be < 5
        expect(children?).to be(false)
      end

      it "by Thread#raise passes the exception on", :no_leaks do
        thread = Thread.new { running.perform }
        thread.report_on_exception = false
        wait_until { thread.stop? }
        thread.raise(IOError, "from outside")

        expect { thread.join(10) }.to raise_error(IOError, "from outside")
        expect(errors_logged).to eq([])
      end

      it "by Thread#kill ends it", :no_leaks do
        thread = Thread.new { running.perform }
        wait_until { thread.stop? }
        thread.kill

        expect(thread.join(10)).to be(thread)
      end
    end
  end

  it "twice at once is no worse", :no_leaks do
    threads = Array.new(20) do
      running = job { producer(:gen) { sleep } }
      Thread.new do
        running.perform
      rescue IOError
        :interrupted
      end
    end
    threads.each { |thread| wait_until { thread.stop? } }
    threads.each do |thread|
      thread.raise(IOError, "first")
      thread.kill
    end

    expect(threads.map { |thread| thread.join(10) }).to eq(threads)
  end

  it "by a StandardError from outside is not taken for an item's error" do
    arrived = Queue.new
    running = job do
      producer(:gen) { loop { emit 1 } }
      consumer(:keep) { |n| arrived << n if arrived.empty? }
    end
    thread = Thread.new { running.perform }
    thread.report_on_exception = false
    arrived.pop
    thread.raise(ArgumentError, "from outside")

    expect { thread.join(10) }.to raise_error(ArgumentError, "from outside")
    expect(errors_logged).to eq([])
  end

  it "lets the pipeline run again afterwards" do
    patient = job do
      producer(:gen) { @again ? emit(1) : (@again = sleep) }
      consumer(:keep) { |n| @out << n }
    end
    expect { Timeout.timeout(0.1) { patient.run } }.to raise_error(Timeout::Error)
    patient.instance_variable_set(:@again, true)

    expect(patient.run).to eq(1)
  end

  it "is not needed for an ordinary run, which costs milliseconds" do
    quick = job do
      producer(:gen) { 100.times { |n| emit n } }
      processor(:inc) { |n| emit n + 1 }
      accumulator(:pack, max_size: 50)
      spawn_fork(:keep) { |batch| @out.concat(batch) }
    end

    expect(Array.new(3) { seconds { quick.run } }.min).to be < 1 # a fixed wait would be in each of them
    expect(quick.out.size).to eq(300)
  end

  it "costs little to start and end" do
    tiny = job_class do
      producer(:gen) { 100.times { |n| emit n } }
      3.times { |i| processor(:"inc#{i}") { |n| emit n + 1 } }
      consumer(:keep) { |n| @out << n }
    end

    expect(seconds { 20.times { tiny.new.run } }).to be < 2
  end
end
