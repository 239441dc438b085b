# frozen_string_literal: true

require "spec_helper"
require "fileutils"
require "tmpdir"

RSpec.describe Minigun::Policy, :unlogged do
  CONTEXTS = { "the default" => {}, "threads" => { threads: 3 }, "cow_fork" => { execution: :cow_fork, max: 2 },
               "ipc_fork" => { execution: :ipc_fork, max: 2 } }.freeze

  def job(count: 10, settings: {}, **options, &work)
    Class.new do
      include Minigun::DSL
      attr_reader :out, :tries

      settings.each { |word, value| public_send(word, value) }
      define_method(:initialize) { @out, @tries = [], Hash.new(0) }
      producer(:gen) { count.times { |n| emit n } }
      processor(:work, **options, &work)
      consumer(:keep) { |n| @out << n }
    end.new
  end

  def ledger(object, name = :work)
    stage = object.last_result.stage(name)
    Minigun::Result::FATES.to_h { |fate| [fate, stage[fate]] }.reject { |_, count| count.zero? }
  end

  describe "retries" do
    it "publish only what the last try emitted" do
      object = job(retries: 3, backoff: 0.001) do |n|
        emit n
        @tries[n] += 1
        raise "not yet" if n.odd? && @tries[n] < 3
      end

      expect(object.run).to eq(10)
      expect(object.out).to match_array(0..9)
      expect(object.tries.values_at(1, 2)).to eq([3, 1])
      expect(object.last_result).to be_ok
    end

    it "fail an item that has no tries left, once" do
      object = job(retries: 2, backoff: 0.001) do |n|
        @tries[n] += 1
        n == 4 ? raise("never") : emit(n)
      end
      object.run

      expect(object.out).to match_array([*0..9] - [4])
      expect(object.tries[4]).to eq(3)
      expect(object._minigun_task.root_pipeline.stats.for_stage(:work)).to have_attributes(items_failed: 1, items_consumed: 10)
      expect(object.last_result.errors).to contain_exactly(have_attributes(stage: :work, item: 4, attempts: 3))
    end

    CONTEXTS.each do |name, context|
      it "happen in #{name}, also of whole batches" do
        mark = Dir.mktmpdir
        object = Class.new do
          include Minigun::DSL
          attr_reader :out

          define_method(:initialize) { @out = [] }
          producer(:gen) { 20.times { |n| emit n } }
          processor(:work, retries: 2, backoff: 0.001, **context) do |n|
            emit n
            File.exist?("#{mark}/#{n}") || File.write("#{mark}/#{n}", "").then { raise "first time" if (n % 5).zero? }
          end
          accumulator(:pack, max_size: 6, retries: 1, backoff: 0.001, **context.except(:threads)) do |batch|
            emit batch
            File.exist?("#{mark}/b#{batch.first}") || File.write("#{mark}/b#{batch.first}", "").then { raise "first time" }
          end
          consumer(:keep) { |batch| @out.concat(batch) }
        end.new
        object.run

        expect(object.out).to match_array(0..19)
        expect(object.last_result).to be_ok
        expect(object.last_result.stage(:pack)).to have_attributes(accepted: 20, done: 20)
      ensure
        FileUtils.rm_rf(mark)
      end
    end

    it "of a batch leave the next one alone, which is being filled meanwhile, also where they fail" do
      object = Class.new do
        include Minigun::DSL
        attr_reader :tried

        define_method(:initialize) { @tried = [] }
        producer(:gen) { 3.times { |n| emit n } }
        accumulator(:pack, max_size: 2, retries: 1, backoff: 0.001) { |batch| (@tried << batch) && batch.size == 2 && raise("never") }
        consumer(:keep) { |batch| batch }
      end.new
      object.run

      expect(object.tried).to eq([[0, 1], [0, 1], [2]])
      expect(ledger(object, :pack)).to eq(done: 1, skipped: 2)
    end

    it "wait as long as a callable says" do
      asked = Thread::Queue.new
      object = job(retries: 2, backoff: ->(attempt) { asked << attempt; 0 }) { |n| n == 3 ? raise("no") : emit(n) } # rubocop:disable Style/Semicolon
      object.run

      expect(Array.new(asked.size) { asked.pop }).to eq([1, 2])
    end

    it "wait as long as an object says that can be called, whatever it wants to know" do
      asked = Thread::Queue.new
      patience = Class.new { define_method(:call) { |attempt, error = nil| (asked << [attempt, error&.message]) && 0 } }.new
      job(retries: 1, backoff: patience) { |n| n == 3 ? raise("no") : emit(n) }.run

      expect(asked.pop).to eq([1, "no"])
      expect(asked).to be_empty
    end

    it "hold no place in a queue and no worker meanwhile" do
      object = job(count: 200, retries: 1, backoff: 0.2, threads: 1, queue_size: 1) do |n|
        @tries[n] += 1
        n < 50 && @tries[n] == 1 ? raise("later") : emit(n)
      end
      object.run

      expect(object.out.first(150)).to eq([*50..199])
      expect(object.out).to match_array(0..199)
    end
  end

  describe "on_error" do
    CONTEXTS.each do |name, context|
      it "skips, raises and replaces in #{name}" do
        skipping = job(**context) { |n| n == 4 ? raise("bad") : emit(n) }
        skipping.run
        expect(ledger(skipping)).to eq(done: 9, skipped: 1)

        raising = job(on_error: :raise, **context) { |n| raise ArgumentError, "bad four" if n == 4 }
        expect { raising.run }.to raise_error(ArgumentError, "bad four")
        expect(raising.last_result).to have_attributes(failed: 1, error: an_instance_of(ArgumentError))

        replacing = job(on_error: ->(error, item) { [error.message, item] }, **context) do |n|
          emit n
          raise "bad" if n == 4
        end
        replacing.run
        expect(replacing.out).to match_array([*0..9] - [4] + [["bad", 4]])
        expect(ledger(replacing)).to eq(done: 10)
      end
    end

    it "replaces a batch as a whole" do
      object = Class.new do
        include Minigun::DSL
        attr_reader :out

        define_method(:initialize) { @out = [] }
        producer(:gen) { 5.times { |n| emit n } }
        accumulator(:pack, max_size: 2, on_error: ->(_, batch) { [:instead, *batch] }) { |batch| batch.include?(2) ? raise("bad") : batch }
        consumer(:keep) { |batch| @out << batch }
      end.new
      object.run

      expect(object.out).to eq([[0, 1], [:instead, 2, 3], [4]])
      expect(ledger(object, :pack)).to eq(done: 5)
    end

    it "answers by a callable for each item, whose self is the object" do
      object = job(on_error: ->(_error, item, attempts) { @seen = attempts; item == 1 ? :dead_letter : nil }) do |n| # rubocop:disable Style/Semicolon
        n < 3 ? raise("bad") : emit(n)
      end
      object.run

      expect(ledger(object)).to eq(done: 7, skipped: 2, dead: 1)
      expect(object.instance_variable_get(:@seen)).to eq(1)
    end

    it "answers by an object that can be called, with as much as it wants to know" do
      judge = Class.new { def call(error, item = nil) = error.message == "bad" && item == 1 ? :dead_letter : :skip }.new
      object = job(on_error: judge) { |n| n < 3 ? raise("bad") : emit(n) }
      object.run

      expect(ledger(object)).to eq(done: 7, skipped: 2, dead: 1)
    end

    it "ends the run with what the callable raises, whatever it is" do
      odd = Class.new(Exception) # rubocop:disable Lint/InheritException
      failing = Class.new do
        include Minigun::DSL
        producer(:gen) { emit 1 }
        consumer(:keep, on_error: ->(*) { raise odd, "handler" }) { |_| raise "no" }
      end.new

      expect { failing.run }.to raise_error(odd, "handler")
      expect(failing.last_result.stage(:keep)).to have_attributes(accepted: 1, failed: 1)
    end

    it "stops the run where the callable itself fails" do
      object = job(on_error: -> { raise KeyError, "no policy" }) { |_| raise "bad" }

      expect { object.run }.to raise_error(KeyError, "no policy")
    end

    it "is inherited from the pipeline and the class" do
      object = job(settings: { on_error: :raise }) { |n| raise IOError, "bad" if n == 2 }
      expect { object.run }.to raise_error(IOError)

      own = job(settings: { on_error: :raise }, on_error: :skip) { |n| n == 2 ? raise(IOError) : emit(n) }
      expect { own.run }.not_to raise_error
    end

    it "ends the run when a producer fails, only with :raise" do
      fails = ->(**options) { Class.new { include Minigun::DSL; producer(:gen, **options) { raise IOError, "gone" } }.new } # rubocop:disable Style/Semicolon
      expect { fails.call.run }.not_to raise_error
      expect { fails.call(on_error: :raise).run }.to raise_error(IOError, "gone")
    end
  end

  describe "limits" do
    it "stop the run when more items fail than max_errors" do
      object = job(count: 1000, max_errors: 2) { |_| raise "bad" }

      expect { object.run }.to raise_error(Minigun::TooManyErrors, /stage :work: 3 items failed, more than max_errors: 2/)
      expect(object.last_result.skipped).to eq(3)
    end

    it "stop the run when a greater share fails than max_error_rate, judged at the end in a short run" do
      bad = ->(count, rate) { job(count: count, max_error_rate: rate) { |n| raise "bad" if (n % 4).zero? } }

      expect { bad.call(12, 0.2).run }.to raise_error(Minigun::TooManyErrors, /3 of 12 items failed/)
      expect { bad.call(12, 0.25).run }.not_to raise_error
      long = bad.call(10_000, 0.1)
      expect { long.run }.to raise_error(Minigun::TooManyErrors)
      expect(long.last_result.stage(:work).skipped).to be < 2500
    end

    it "count the stages of a pipeline together" do
      klass = Class.new do
        include Minigun::DSL
        max_errors 5
        producer(:gen) { 4.times { |n| emit n } }
        processor(:one) do |n|
          emit n
          raise "bad"
        end
        consumer(:two) { |_| raise "bad" }
      end

      expect { klass.new.run }.to raise_error(Minigun::TooManyErrors, /pipeline :default: 6 items failed/)
    end
  end
end
