# frozen_string_literal: true

require "spec_helper"
require "stringio"
require_relative "kills"

# KILLS and KILLS_SEED of the environment choose others: KILLS=20000 rspec spec/stress/kills_spec.rb
RSpec.describe "Kills", :no_leaks, :stress, limit: 900 do
  it "lose, double, hang and leave behind nothing, whoever is killed and when" do
    skip "counts processes in /proc" unless File.directory?("/proc/self/task")
    seed = Integer(ENV.fetch("KILLS_SEED") { Random.new_seed % 1_000_000_000 })
    outcome = Kills.run(seed: seed, kills: Integer(ENV.fetch("KILLS", 2000)), parents: 1)

    expect(outcome.faults).to be_empty, outcome.faults.join("\n")
    expect(outcome.parents).to be_positive
  end

  it "are noticed where something goes wrong" do
    skip "counts processes in /proc" unless File.directory?("/proc/self/task")
    plan = Kills::Plan.of(1).tap { |any| any.how, any.stages, any.items, any.deaths = :points, %i[ipc_fork], 200, 5 }
    liar = Class.new(Kills::Trial) do
      def judge(report) = super(report.merge(seen: report[:seen].drop(1) + [report[:seen].last]))
    end

    expect(Kills::Trial.new(plan).run).to be_nil
    expect(liar.new(plan).run).to start_with("lost: [")
  end
end
