# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Execution contexts" do
  def context(type) = Minigun::Execution.create_context(type, :x)

  def value(type, &block) = context(type).execute(&block).join

  { inline: :InlineContext, thread: :ThreadContext, fork: :ForkContext, ractor: :RactorContext }
    .each do |type, name|
    it "#{type}: makes a #{name} that gives the block's value" do
      made = context(type)

      expect(made).to be_an_instance_of(Minigun::Execution.const_get(name)).and be_a(Minigun::Execution::Context)
      expect([made.name, made.type]).to eq([:x, type])
      expect(made.execute { 6 * 7 }).to be(made)
      expect(made.join).to eq(42)
      expect(made.alive?).to be(false)
    end
  end

  it "refuses other types" do
    expect { context(:astral) }.to raise_error(ArgumentError, /Unknown context type/)
  end

  it "works in a block that uses locals around it, whatever the type" do
    locals = [1, 2]

    expect(%i[inline thread fork ractor].map { |type| value(type) { locals.sum } }).to eq([3] * 4)
  end

  %i[thread fork].each do |type|
    it "#{type}: re-raises the block's exception from join" do
      expect { value(type) { raise ArgumentError, "no" } }.to raise_error(StandardError, "no")
    end

    it "#{type}: terminates a long sleep promptly" do
      sleeper = context(type).execute { sleep }
      expect(sleeper.alive?).to be(true)

      expect(seconds { sleeper.terminate }).to be < 3
      expect(sleeper.alive?).to be(false)
    end
  end

  describe "fork" do
    it "gives nil for a child that exits, or without any child" do
      expect(value(:fork) { exit 3 }).to be_nil
      expect(value(:fork) { exit! }).to be_nil
      expect(context(:fork).join).to be_nil
    end

    it "gives nil for what can't be marshalled, and a plain error for such an error" do
      odd = Class.new(StandardError)

      expect(value(:fork) { proc {} }).to be_nil
      expect { value(:fork) { raise odd, "odd one" } }.to raise_error(StandardError, "odd one")
    end

    it "tells a Hash that looks like an error from one" do
      answer = { error: "no", result: 1, type: :error }

      expect(value(:fork) { answer }).to eq(answer)
    end

    it "survives TERM at any moment of the child's youth", :no_leaks do
      20.times do
        young = context(:fork).execute { sleep }
        young.terminate

        expect(young.alive?).to be(false)
      end
    end

    it "keeps the status for join after alive? has seen the end" do
      done = context(:fork).execute { :done }
      wait_until { !done.alive? }

      expect(done.join).to eq(:done)
    end

    it "carries a value larger than a pipe" do
      expect(value(:fork) { "x" * 1_000_000 }.size).to eq(1_000_000)
    end

    it "never comes back up the caller's stack" do
      ended = minigun(<<~RUBY)
        at_exit { $stdout.syswrite("at_exit ") }
        begin
          Minigun::Execution.create_context(:fork, :x).execute { throw :out }.join
        rescue StandardError
          $stdout.syswrite("error ")
        ensure
          $stdout.syswrite("ensure ")
        end
      RUBY

      expect(ended.out).to eq("error ensure at_exit ")
    end
  end

  describe Minigun::Execution::ContextPool do
    it "never blocks beyond its size, which only at_capacity? tells" do
      pool = described_class.new(type: :thread, max_size: 2)
      taken = Array.new(5) { pool.acquire }

      expect(taken.uniq.size).to eq(5)
      expect([pool.active_count, pool.at_capacity?]).to eq([5, true])
      taken.each { |each| pool.release(each) }
      expect([pool.active_count, pool.at_capacity?]).to eq([0, false])
    end

    it "reuses inline contexts only" do
      reused = %i[inline thread fork ractor].select do |type|
        pool = described_class.new(type: type, max_size: 1)
        first = pool.acquire
        pool.release(first)
        pool.acquire.equal?(first)
      end

      expect(reused).to eq([:inline])
    end

    it "is used by several threads at once" do
      pool = described_class.new(type: :thread, max_size: 3)
      Array.new(4) do
        Thread.new { 25.times { pool.acquire.then { |each| each.execute { 1 }.join && pool.release(each) } } }
      end.each(&:join)

      expect(pool.active_count).to eq(0)
    end

    it "terminates all that is active", :no_leaks do
      %i[thread fork].each do |type|
        pool = described_class.new(type: type, max_size: 2)
        2.times { pool.acquire.execute { sleep } }

        expect(seconds { pool.terminate_all }).to be < 5
        expect(pool.active_count).to eq(0)
      end
    end
  end
end
