# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe Minigun do
  let(:noisy_logger) do
    Class.new(Logger) do
      def calls = @calls ||= Hash.new(0)

      %i[debug info warn error fatal].each do |level|
        define_method(level) { |*| calls[level] += 1 }
      end
    end.new(nil)
  end

  def counting(items)
    job do
      producer(:gen) { items.times { |n| emit n } }
      processor(:same) { |n| emit n }
      consumer(:keep) { |n| @out << n }
    end
  end

  describe "::Error" do
    it "is a StandardError" do
      expect(Minigun::Error.ancestors).to include(StandardError)
    end

    it "is raised for a cycle" do
      line = pipeline { |p| p.add_stage(:processor, :a, to: :b) { |n| emit n } }

      expect do
        line.add_stage(:processor, :b, to: :a) { |n| emit n }
        line.run(Object.new)
      end.to raise_error(Minigun::Error)
    end

    it "is raised for an unknown edge target, by its name" do
      line = pipeline { |p| p.add_stage(:producer, :gen, to: :nowhere) { emit 1 } }

      expect { line.run(Object.new) }.to raise_error(Minigun::Error, /nowhere/)
    end

    it "is raised for an unknown edge source, by its name" do
      line = pipeline { |p| p.add_stage(:consumer, :keep, from: :nowhere) { |n| n } }

      expect { line.run(Object.new) }.to raise_error(Minigun::Error, /nowhere/)
    end

    it "is raised for an unknown stage type" do
      expect { pipeline.add_stage(:wizard, :merlin) { nil } }.to raise_error(Minigun::Error, /wizard/)
    end

    it "is raised for a spawn stage without an accumulator" do
      spawner = job do
        producer(:gen) { emit 1 }
        spawn_thread(:store) { |batch| batch }
      end

      expect { spawner.run }.to raise_error(Minigun::Error, /store.*accumulator/m)
    end

    it "is raised for a pipeline named like a plain stage" do
      expect do
        job do
          producer(:gen) { emit 1 }
          pipeline(:gen) { consumer(:keep) { |n| n } }
        end.run
      end.to raise_error(Minigun::Error, /gen/)
    end
  end

  describe ".logger" do
    it "is one object with a public info" do
      expect(Minigun.logger).to be(Minigun.logger)
      expect(Minigun.logger.public_methods).to include(:info)
    end

    it "is there without anyone setting it" do
      ended = minigun("print Minigun.logger.nil?, Minigun.logger.equal?(Minigun.logger)")

      expect(ended.out).to eq("falsetrue")
    end

    it "can be stubbed, whatever info returns" do
      allow(Minigun.logger).to receive(:info).and_return(nil)

      expect(counting(3).run).to eq(3)
    end

    it "can be replaced" do
      Minigun.logger = noisy_logger

      expect(Minigun.logger).to be(noisy_logger)
    end

    it "hears of the life of a run at debug only" do
      Minigun.logger = noisy_logger
      counting(3).run

      expect(noisy_logger.calls.keys).to eq([:debug])
    end

    it "hears of an item's error at error" do
      Minigun.logger = noisy_logger
      job do
        producer(:gen) { emit 1 }
        consumer(:keep) { |_| raise "no" }
      end.run

      expect(noisy_logger.calls[:error]).to be_positive
    end

    it "hears of a producer's error at error" do
      Minigun.logger = noisy_logger
      job { producer(:gen) { raise "no" } }.run

      expect(noisy_logger.calls[:error]).to be_positive
    end

    it "is given errors as text, which says where they arose" do
      allow(Minigun.logger).to receive(:error)
      job do
        producer(:gen) do
          emit 1
          raise "dry"
        end
        consumer(:keep) { |_| raise "boom" }
      end.run

      expect(Minigun.logger).to have_received(:error).with(/gen.*dry.*#{__FILE__}/).once
      expect(Minigun.logger).to have_received(:error).with(/keep.*boom.*#{__FILE__}/).once
    end

    it "is not called per item" do
      calls = [3, 3_000].map do |items|
        Minigun.logger = noisy_logger
        noisy_logger.calls.clear
        counting(items).run
        noisy_logger.calls.dup
      end

      expect(calls.last).to eq(calls.first)
    end
  end

  it "prints nothing by itself" do
    ended = minigun(<<~RUBY)
      class Job
        include Minigun::DSL
        producer(:gen) { emit 1 }
        consumer(:keep) { |n| n }
      end
      Job.new.run
    RUBY

    expect([ended.out, ended.err]).to eq(["", ""])
  end
end
