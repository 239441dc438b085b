# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun::DSL do
  describe "when included" do
    it "gives the class a fresh task" do
      first, second = Array.new(2) { Class.new { include Minigun::DSL } }

      expect(first._minigun_task).to be_a(Minigun::Task)
      expect(first._minigun_task).not_to be(second._minigun_task)
    end

    it "works for anonymous classes" do
      counter = job { producer(:gen) { emit 1 } }

      expect(counter.class.name).to be_nil
      expect(counter.run).to eq(1)
    end

    it "starts again from an empty task each time" do
      klass = job_class { producer(:gen) { emit 1 } }
      before = klass._minigun_task
      klass.class_exec { include Minigun::DSL }

      expect(klass._minigun_task).not_to be(before)
      expect(klass._minigun_task.stages).to eq({})
    end

    it "needs no initialize of its own" do
      klass = Class.new do
        include Minigun::DSL
        attr_reader :out

        def initialize(top, step:)
          @top, @step, @out = top, step, []
        end

        producer(:gen) { 0.step(@top, @step) { |n| emit n } }
        consumer(:keep) { |n| @out << n }
      end
      counter = klass.new(6, step: 3)
      counter.run

      expect(counter.out).to eq([0, 3, 6])
    end

    it "leaves stage names to the methods of the user" do
      doubles = job do
        def double(n) = n * 2

        producer(:gen) { emit 4 }
        processor(:double) { |n| emit double(n) }
        consumer(:keep) { |n| @out << n }
      end
      doubles.run

      expect(doubles.out).to eq([8])
      expect(doubles).not_to respond_to(:gen)
    end

    it "calls no method of everyday name on the user object" do
      names = %i[results stats errors events timer queue logger config name state count items hooks task status]
      hostile = job do
        names.each { |name| define_method(name) { |*| raise "#{name} was called" } }
        producer(:gen) { emit 1 }
        processor(:inc) { |n| emit n + 1 }
        accumulator(:pack)
        consumer(:keep) { |batch| @out << batch }
      end

      expect(hostile.run).to eq(1)
      expect(hostile.out).to eq([[2]])
    end

    it "touches no instance variable of everyday name" do
      plain = job do
        producer(:gen) { emit 1 }
        consumer(:keep) { |n| @out << n }
      end
      plain.run

      expect(plain.instance_variables.grep_v(/minigun/)).to eq([:@out])
    end

    it "lets blocks and hooks call private methods" do
      secretive = job do
        before_run { note :start }
        producer(:gen) { emit note(:gen) }
        consumer(:keep) { |_| note :keep }

        private def note(what) = @out << what
      end
      secretive.run

      expect(secretive.out).to eq(%i[start gen keep])
    end
  end

  describe "settings" do
    it "are stored in the configuration" do
      klass = job_class do
        max_threads 7
        max_processes 4
        max_retries 9
      end

      expect(klass._minigun_task.config).to include(max_threads: 7, max_processes: 4, max_retries: 9)
    end
  end

  describe "stage methods" do
    %i[stage producer processor consumer].each do |word|
      it "#{word} makes a producer of a block without parameter" do
        klass = job_class { send(word, :gen) { emit 1 } }

        expect(root(klass).find_stage(:gen)).to be_a(Minigun::AtomicStage).and be_producer
      end

      it "#{word} needs a name" do
        expect { job { send(word) { emit 1 } }.run }.to raise_error(ArgumentError)
      end
    end

    %i[stage processor consumer].each do |word|
      it "#{word} makes a stage for items of a block with one parameter" do
        klass = job_class { send(word, :work) { |n| emit n } }

        expect(root(klass).find_stage(:work)).to be_a(Minigun::AtomicStage)
        expect(root(klass).find_stage(:work).producer?).to be(false)
      end
    end

    it "take the role from the graph, not from the word" do
      mixed = job do
        consumer(:gen) { emit 1 }
        consumer(:inc) { |n| emit n + 1 }
        processor(:keep) { |n| @out << n }
      end
      mixed.run

      expect(mixed.out).to eq([2])
    end

    it "take options as keywords or as a Hash" do
      klass = job_class do
        producer :one, to: :keep, colour: :red do emit 1 end
        producer(:two, { to: :keep, colour: :blue }) { emit 2 }
        consumer(:keep) { |n| @out << n }
      end

      expect(root(klass).find_stage(:one).options[:colour]).to eq(:red)
      expect(root(klass).find_stage(:two).options[:colour]).to eq(:blue)
      expect(klass.new.tap(&:run).out).to contain_exactly(1, 2)
    end

    it "accumulator has a name of its own by default" do
      klass = job_class { accumulator }

      expect(root(klass).find_stage(:accumulator)).to be_a(Minigun::AccumulatorStage)
    end

    %i[spawn_thread spawn_fork spawn_ractor].each do |word|
      it "#{word} sets the strategy and names itself :consumer by default" do
        klass = job_class do
          send(word) { |batch| batch }
          send(word, :store) { |batch| batch }
        end

        expect(root(klass).stages.keys).to eq(%i[consumer store])
        expect(root(klass).stages.values.map(&:strategy)).to eq([word, word])
      end
    end
  end

  describe "hook methods" do
    it "append pipeline-level hooks to the task's" do
      klass = job_class do
        before_run { 1 }
        before_run { 2 }
        after_run { 3 }
        before_fork { 4 }
        after_fork { 5 }
      end

      expect(klass._minigun_task.hooks.transform_values { |hooks| hooks.map(&:call) })
        .to include(before_run: [1, 2], after_run: [3], before_fork: [4], after_fork: [5])
    end

    it "keep stage-level hooks out of the pipeline's" do
      klass = job_class do
        before_fork(:keep) { 1 }
        after_fork(:keep) { 2 }
        consumer(:keep) { |n| n }
      end

      expect(klass._minigun_task.hooks.values.flatten).to eq([])
    end

    it "may stand before or after the stage they name" do
      hooked = job do
        before(:inc) { @out << :before }
        producer(:gen) { emit 1 }
        processor(:inc) { |n| emit n + 1 }
        consumer(:keep) { |n| @out << n }
        after(:inc) { @out << :after }
      end
      hooked.run

      expect(hooked.out).to contain_exactly(:before, :after, 2)
    end

    it "may name a stage that never comes" do
      hooked = job do
        before(:nobody) { raise }
        producer(:gen) { emit 1 }
      end

      expect(hooked.run).to eq(1)
    end
  end

  describe "instance methods" do
    %i[run go_brr! go_brrr! go_brrrr! go_brrrrr! perform execute].each do |name|
      it "#{name} runs and returns the count" do
        counter = job do
          producer(:gen) { 3.times { |n| emit n } }
          consumer(:keep) { |n| @out << n }
        end

        expect(counter.public_send(name)).to eq(3)
        expect(counter.out).to eq([0, 1, 2])
      end
    end
  end
end
