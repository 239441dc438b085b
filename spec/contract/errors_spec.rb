# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Errors in user code" do
  # A job per kind of stage. Where it stands, `act.call(item)` is called for items 1, 2, 3;
  # every item passes on its own. The producer emits 1, acts, and would emit 2 and 3.
  kinds = {
    processor: [:work, proc do |act|
      processor(:work) { |n| emit n.tap { act.call(n) } }
      consumer(:keep) { |n| @out << n }
    end],
    accumulator: [:work, proc do |act|
      accumulator(:work, max_size: 1) { |batch| batch.first.tap { |n| act.call(n) } }
      consumer(:keep) { |n| @out << n }
    end],
    terminal: [:work, proc do |act|
      consumer(:work) { |n| @out << n.tap { act.call(n) } }
    end],
    threaded: [:work, proc do |act|
      accumulator(:pack, max_size: 1)
      spawn_thread(:work) { |batch| @out << batch.first.tap { |n| act.call(n) } }
    end],
    forked: [:work, proc do |act|
      accumulator(:pack, max_size: 1)
      spawn_fork(:work) { |batch| @out << batch.first.tap { |n| act.call(n) } }
    end],
    nested: [:work, proc do |act|
      pipeline(:inner) { processor(:work) { |n| emit n.tap { act.call(n) } } }
      consumer(:keep) { |n| @out << n }
    end],
    before_hook: [:work, proc do |act|
      before(:work) { act.call(@at = @at.to_i + 1) }
      processor(:work) { |n| emit n }
      consumer(:keep) { |n| @out << n }
    end],
    after_hook: [:work, proc do |act|
      processor(:work) { |n| @kept = n }
      after(:work) { @out << @kept.tap { |n| act.call(n) } }
    end]
  }

  def job_with(definition, act)
    job do
      producer(:gen) { [1, 2, 3].each { |n| emit n } }
      class_exec(act, &definition)
    end
  end

  def statistics_of(job, name)
    nested = root(job).stages[:inner]
    nested ? stats(nested.pipeline, name) : stats(job, name)
  end

  kinds.each do |kind, (name, definition)|
    describe "in #{kind}" do
      it "a StandardError drops that item, is logged and counted" do
        failing = job_with(definition, ->(n) { raise ArgumentError, "no twos" if n == 2 })

        expect(failing.run).to eq(3)
        expect(failing.out).to contain_exactly(1, 3)
        expect(errors_logged.join).to match(/work.*no twos/m)
        expect(statistics_of(failing, name).items_failed).to eq(1)
      end

      it "errors are told whatever their messages are made of" do
        failing = job_with(definition, ->(n) { raise ["caf\xE9", "caf\xC3\xA9".b, "caf\u00E9".encode("UTF-16LE")][n - 1] })

        expect(failing.run).to eq(3)
        expect(errors_logged.join.scan(/: caf./)).to contain_exactly(": caf\uFFFD", ": caf\u00E9", ": caf\u00E9")
      end

      it "errors of every item end nothing" do
        failing = job_with(definition, ->(_) { raise "never" })

        expect(failing.run).to eq(3)
        expect(failing.out).to eq([])
        expect(statistics_of(failing, name).items_failed).to eq(3)
      end

      it "any other exception stops the run and leaves it", :no_leaks do
        [[NotImplementedError, "later"], [Interrupt, "now"], [NoMemoryError, "full"],
         [Class.new(Exception), "odd"]].each do |type, message|
          next if kind == :forked && type.name.nil?

          stopped = job_with(definition, ->(n) { raise type, message if n == 2 })

          expect { stopped.run }.to raise_error(type, message)
        end
      end

      it "exit leaves the run with its status" do
        leaving = job_with(definition, ->(n) { exit 7 if n == 2 })

        expect { leaving.run }.to raise_error(SystemExit) { |error| expect(error.status).to eq(7) }
      end

      it "an error that the user rescues is none" do
        rescued = job_with(definition, lambda do |n|
          raise "mine" if n == 2
        rescue RuntimeError
          nil
        end)
        rescued.run

        expect(rescued.out).to contain_exactly(1, 2, 3)
        expect(errors_logged).to eq([])
      end
    end
  end

  describe "in a producer" do
    def producing(&act)
      job do
        producer(:bad, to: :keep) do
          emit 1
          instance_exec(&act)
          emit 2
        end
        producer(:good, to: :keep) { 3.times { |n| emit n + 10 } }
        consumer(:keep) { |n| @out << n }
      end
    end

    it "a StandardError ends it alone; what it emitted arrives" do
      failing = producing { raise "dry" }

      expect(failing.run).to eq(4)
      expect(failing.out).to contain_exactly(1, 10, 11, 12)
      expect(errors_logged.join).to match(/bad.*dry/m)
    end

    it "an error in its before hook ends it before its block" do
      failing = producing { nil }
      failing.class.class_exec { before(:bad) { raise "no start" } }

      expect(failing.run).to eq(3)
      expect(failing.out).to contain_exactly(10, 11, 12)
    end

    it "an error in its after hook loses nothing" do
      failing = producing { nil }
      failing.class.class_exec { after(:bad) { raise "no end" } }

      expect(failing.run).to eq(5)
      expect(failing.out).to contain_exactly(1, 2, 10, 11, 12)
    end

    it "any other exception stops the run and leaves it", :no_leaks do
      [NotImplementedError, Interrupt, NoMemoryError].each do |type|
        expect { producing { raise type, "stop" }.run }.to raise_error(type, "stop")
      end
    end

    it "in a nested pipeline follows the same rules" do
      nested = job do
        pipeline(:inner, to: :keep) do
          producer(:bad) do
            emit 1
            raise "dry"
          end
        end
        producer(:good, to: :keep) { emit 2 }
        consumer(:keep) { |n| @out << n }
      end
      nested.run

      expect(nested.out).to contain_exactly(1, 2)
    end
  end

  describe "in a pipeline-level hook" do
    %i[before_run after_run before_fork].each do |type|
      it "#{type}: leaves the run, which may be repeated", :no_leaks do
        failing = job do
          send(type) { raise IOError, "hook" unless @tried.tap { @tried = true } }
          producer(:gen) { emit 1 }
          accumulator(:pack)
          spawn_fork(:keep) { |batch| @out << batch }
        end

        expect { failing.run }.to raise_error(IOError, "hook")
        expect(failing.run).to eq(1)
      end
    end

    it "is none if the user rescues it" do
      rescuing = job do
        before_run { Integer("x") rescue @out << :rescued } # rubocop:disable Style/RescueModifier
        producer(:gen) { emit 1 }
      end

      expect(rescuing.run).to eq(1)
      expect(rescuing.out).to eq([:rescued])
    end
  end

  it "a stopped run stops promptly, whatever else goes on", :no_leaks do
    stopped = job do
      producer(:endless, to: :slow) { loop { emit 1 } }
      producer(:bad, to: :slow) { sleep(0.05).then { raise NotImplementedError, "stop" } }
      consumer(:slow) { |_| sleep 0.01 }
    end

    expect(seconds { expect { stopped.run }.to raise_error(NotImplementedError) }).to be < 5
  end

  it "max_retries alone retries nothing" do
    once = job do
      max_retries 5
      producer(:gen) { emit 1 }
      consumer(:keep) { |n| @out << n and raise "no" }
    end
    once.run

    expect(once.out).to eq([1])
  end

  it "does not repeat hooks after a failed block" do
    hooked = job do
      producer(:gen) { 2.times { |n| emit n } }
      processor(:work, before: -> { @out << :before }, after: -> { @out << :after }) { |_| raise "no" }
    end
    hooked.run

    expect(hooked.out).to eq(%i[before before])
  end
end
