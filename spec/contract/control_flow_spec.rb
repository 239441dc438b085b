# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Control flow out of blocks" do
  # Acts at item 2, at several kinds of stage. Each is an item's error: 1 and 3 arrive.
  acts = {
    "break" => proc { |n| n == 2 ? (break) : n },
    "throw without catch" => proc { |n| n == 2 ? throw(:nowhere) : n },
    "throw to a catch around the run" => proc { |n| n == 2 ? throw(:around) : n },
    "Timeout of its own" => proc { |n| n == 2 ? Timeout.timeout(0.01) { sleep } : n },
    "Timeout with a class of its own" => proc { |n| n == 2 ? Timeout.timeout(0.01, IOError) { sleep } : n },
    "Thread.exit" => proc { |n| n == 2 ? Thread.exit : n },
    "kill of its thread" => proc { |n| n == 2 ? Thread.current.kill : n },
    "a frozen exception" => proc { |n| n == 2 ? raise(IOError.new("x").freeze) : n },
    "an exception that fails to be made" =>
      proc { |n| n == 2 ? raise(Class.new(StandardError) { def initialize(*) = raise("inner") }) : n },
    "an exception whose message fails" =>
      proc { |n| n == 2 ? raise(Class.new(StandardError) { def message = raise("inner") }) : n },
    "an uncaught StopIteration" => proc { |n| n == 2 ? [].each.next : n },
    "a FrozenError of its own" => proc { |n| n == 2 ? "".freeze << "x" : n },
    "a FiberError" => proc { |n| n == 2 ? Fiber.yield : n }
  }

  kinds = {
    processor: proc do |act|
      processor(:work) { |n| emit instance_exec(n, &act) }
      consumer(:keep) { |n| @out << n }
    end,
    accumulator: proc do |act|
      accumulator(:work, max_size: 1) { |batch| instance_exec(batch.first, &act) }
      consumer(:keep) { |n| @out << n }
    end,
    terminal: proc { |act| consumer(:work) { |n| @out << instance_exec(n, &act) } },
    nested: proc do |act|
      pipeline(:inner) { processor(:work) { |n| emit instance_exec(n, &act) } }
      consumer(:keep) { |n| @out << n }
    end,
    forked: proc do |act|
      accumulator(:pack, max_size: 1)
      spawn_fork(:work) { |batch| @out << instance_exec(batch.first, &act) }
    end
  }

  def acting(definition, act)
    job do
      producer(:gen) { [1, 2, 3].each { |n| emit n } }
      class_exec(act, &definition)
    end
  end

  # As where a queue is between the two.
  it "throw to a catch of the producer is that item's error, and nothing to the producer" do
    throwing = job do
      producer(:gen) do
        catch(:enough) { 100.times { |n| emit n } }
        emit 100
      end
      consumer(:keep) { |n| n == 30 ? throw(:enough) : @out << n }
    end

    expect(throwing.run).to eq(101)
    expect(throwing.out).to match_array([*0..100] - [30])
  end

  it "throw to a catch of the producer is so whatever is thrown, and to what" do
    [Object.new, Class.new(StandardError), "text"].each do |tag|
      throwing = job do
        producer(:gen) { catch(tag) { 100.times { |n| emit n } } }
        consumer(:keep) { |n| n == 30 ? throw(tag, [n]) : @out << n }
      end

      expect(throwing.run).to eq(100)
      expect(throwing.out).to match_array([*0...100] - [30])
    end
  end

  it "a timeout of the producer that strikes in a stage behind takes its course in the producer" do
    late = job do
      producer(:gen) do
        Timeout.timeout(0.1) { 100.times { |n| emit n } && sleep }
      rescue Timeout::Error
        emit :late
      end
      consumer(:keep) { |n| n == 3 ? sleep(1) : @out << n }
    end
    late.run

    expect(late.out.last).to eq(:late)
    expect(late.out - [:late]).to eq([*0..100].first(late.out.size) - [3])
  end

  kinds.each do |kind, definition|
    # Where the one thread of a child ends, the child does.
    (kind == :forked ? acts.reject { |name, _| name =~ /thread/i } : acts).each do |name, act|
      it "#{name} in #{kind} is that item's error" do
        odd = acting(definition, act)
        ended = catch(:around) { odd.run }

        expect(ended).to eq(3)
        expect(odd.out).to contain_exactly(1, 3)
        expect(errors_logged).not_to be_empty
      end
    end

    it "return in #{kind} is that item's error, also while its method still runs" do
      expect(returning(definition)).to eq([:went_on, [1, 3]])
    end

    it "catch and throw, redo and retry inside a block of #{kind} are its own affair" do
      tried = 0
      own = acting(definition, proc do |n|
        catch(:done) { throw :done, n }
        begin
          (tried += 1).odd? ? raise("again") : n
        rescue RuntimeError
          retry
        end
      end)
      own.run

      expect(own.out).to contain_exactly(1, 2, 3)
    end

    it "endless recursion in #{kind} leaves the run" do
      deep = acting(definition, proc { |n| n == 2 ? n.then(&(again = ->(x) { again.(x) + 1 })) : n })

      expect { deep.run }.to raise_error(SystemStackError)
    end

    it "abort in #{kind} leaves the run" do
      leaving = acting(definition, proc { |n| n == 2 ? abort : n })

      expect { leaving.run }.to raise_error(SystemExit) { |error| expect(error.status).to eq(1) }
    end
  end

  def returning(definition)
    odd = acting(definition, proc { |n| n == 2 ? (return :left) : n })
    odd.run
    [:went_on, odd.out.sort]
  end

  describe "of a producer" do
    acts.each do |name, act|
      it "#{name} ends it; what it emitted arrives" do
        odd = job do
          producer(:gen) { [1, 2, 3].each { |n| emit instance_exec(n, &act) } }
          producer(:other) { emit 9 }
          consumer(:keep) { |n| @out << n }
        end
        ended = catch(:around) { odd.run }

        expect(ended).to eq(2)
        expect(odd.out).to contain_exactly(1, 9)
      end
    end

    it "next ends it quietly" do
      odd = job do
        producer(:gen) do
          emit 1
          next
        end
        consumer(:keep) { |n| @out << n }
      end
      odd.run

      expect(odd.out).to eq([1])
      expect(errors_logged).to eq([])
    end
  end

  it "a thousand killed threads end nothing", :no_leaks do
    deadly = job do
      producer(:gen) { 1_000.times { |n| emit n } }
      consumer(:work) { |n| n.odd? ? Thread.exit : @out << n }
    end

    expect(deadly.run).to eq(1_000)
    expect(deadly.out).to eq((0...1_000).select(&:even?))
  end

  it "ensure clauses of a stopped block run" do
    cleaned = Queue.new
    started = Queue.new
    stopped = job do
      producer(:a) do
        started << true
        sleep
      ensure
        cleaned << :a
      end
      producer(:b) { started.pop.then { raise NotImplementedError, "stop" } }
    end

    expect { stopped.run }.to raise_error(NotImplementedError)
    expect(cleaned.size).to eq(1)
  end

  it "exit of a program in a block runs its at_exit once and ends with the status" do
    ended = minigun(<<~RUBY)
      at_exit { puts "at_exit" }
      class Job
        include Minigun::DSL
        producer(:gen) { 3.times { |n| emit n } }
        accumulator(:pack, max_size: 1)
        spawn_fork(:keep) { |batch| exit 5 if batch == [1] }
      end
      Job.new.run
      puts "not here"
    RUBY

    expect(ended.status.exitstatus).to eq(5)
    expect(ended.out).to eq("at_exit\n")
  end
end
