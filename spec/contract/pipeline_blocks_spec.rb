# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "The DSL's pipeline" do
  describe "without a name" do
    it "groups stages, mixed with others in any order" do
      grouped = job do
        max_threads 2
        producer(:gen) { emit 1 }
        pipeline do
          before_run { @out << :start }
          processor(:inc) { |n| emit n + 1 }
          accumulator(:pack, max_size: 1)
        end
        consumer(:keep) { |n| @out << n }
        pipeline { after_run { @out << :stop } }
      end
      grouped.run

      expect(grouped.out).to eq([:start, [2], :stop])
      expect(root(grouped).stages.keys).to eq(%i[gen inc pack keep])
    end

    it "takes class-level settings and reroutes" do
      grouped = job do
        pipeline do
          max_threads 9
          producer(:gen) { emit 1 }
          processor(:skipped) { |_| raise "not here" }
          consumer(:keep) { |n| @out << n }
          reroute_stage :gen, to: :keep
        end
      end
      grouped.run

      expect(grouped.out).to eq([1])
    end
  end

  describe "with a name" do
    let(:klass) do
      job_class do
        max_threads 3
        pipeline :source, to: :keep do
          producer(:gen) { 2.times { |n| emit n } }
          processor(:inc) { |n| emit n + 1 }
        end
        consumer(:keep) { |n| @out << n }
      end
    end

    it "registers a stage that wraps a pipeline" do
      stage = klass._minigun_task.root_pipeline.stages[:source]

      expect(stage).to be_a(Minigun::PipelineStage)
      expect(stage.pipeline).to be_a(Minigun::Pipeline)
      expect(stage.pipeline.name).to eq(:source)
      expect(stage.pipeline.stages.keys).to eq(%i[gen inc])
    end

    it "copies the task's configuration" do
      nested = root(klass).stages[:source].pipeline

      expect(nested.config[:max_threads]).to eq(3)
      expect(nested.config).not_to be(klass._minigun_task.config)
    end

    it "takes its place in order and graph of the root" do
      expect(root(klass).stage_order).to eq(%i[source keep])
      expect(root(klass).dag.edges[:source]).to eq([:keep])
    end

    it "has no input node without upstream" do
      klass.new.run

      expect(root(klass).stages[:source].pipeline.dag.nodes).not_to include(:_input)
    end

    it "runs" do
      expect(klass.new.tap(&:run).out).to eq([1, 2])
    end

    it "takes to: and from: with stages and pipelines, defined earlier or later" do
      linked = job do
        consumer(:keep, from: :twice) { |n| @out << n }
        pipeline(:twice, from: %i[gen source]) { processor(:double) { |n| emit n * 2 } }
        pipeline(:source) { producer(:five) { emit 5 } }
        producer(:gen) { emit 1 }
      end
      linked.run

      expect(linked.out).to contain_exactly(2, 10)
    end

    it "sees constants and locals around it" do
      factor = 7
      closure = job do
        producer(:gen) { emit 1 }
        pipeline(:times, to: :keep, from: :gen) { processor(:by) { |n| emit n * factor * Math::PI.to_i } }
        consumer(:keep) { |n| @out << n }
      end
      closure.run

      expect(closure.out).to eq([21])
    end

    it "adds stages to the pipeline of that name" do
      reopened = job do
        pipeline(:source, to: :keep) { producer(:one) { emit 1 } }
        pipeline(:source) { producer(:two) { emit 2 } }
        consumer(:keep) { |n| @out << n }
      end
      reopened.run

      expect(reopened.out).to contain_exactly(1, 2)
      expect(root(reopened).stages.keys).to eq(%i[source keep])
    end

    it "offers every stage word, hooks and reroutes" do
      full = job do
        pipeline :inner do
          before_run { @out << :start }
          after_run { @out << :stop }
          producer(:gen) { emit 1 }
          stage(:inc) { |n| emit n + 1 }
          processor(:skipped) { |_| raise "not here" }
          accumulator(:pack, max_size: 1)
          consumer(:keep) { |batch| @out << batch }
          before(:inc) { @out << :before }
          after(:inc) { @out << :after }
          reroute_stage :inc, to: :pack
        end
      end
      full.run

      expect(full.out).to eq([:start, :before, :after, [2], :stop])
    end

    it "offers the spawn words and fork hooks" do
      full = job do
        pipeline :inner do
          producer(:gen) { 2.times { |n| emit n } }
          accumulator(:pack, max_size: 2, to: %i[thread fork ractor])
          spawn_thread(:thread) { |batch| @out << [:thread, batch] }
          spawn_fork(:fork) { |batch| @out << [:fork, batch] }
          spawn_ractor(:ractor) { |batch| @out << [:ractor, batch] }
          before_fork { @out << :parent }
          before_fork(:fork) { @out << :parent_of_fork }
          after_fork { @out << :child }
          after_fork(:fork) { @out << :child_of_fork }
          after_producer { nil }
        end
      end
      full.run

      expect(full.out).to include([:thread, [0, 1]], [:fork, [0, 1]], [:ractor, [0, 1]],
                                  :parent, :parent_of_fork, :child, :child_of_fork)
    end
  end
end
