# frozen_string_literal: true

# Kills worker processes and their parents, at random times and at named points, and looks whether
# anything is lost, delivered twice, left behind or left hanging.
#
#   ruby -Ilib spec/stress/kills.rb                    2,000 kills from a random seed
#   ruby -Ilib spec/stress/kills.rb --seed 7           the trial of one seed
#   ruby -Ilib spec/stress/kills.rb --seed 7 --kills 1000000

require "minigun"
require "optparse"
require "tmpdir"
require_relative "../support/stacks"
%w[points plan program host trial].each { |file| require_relative "kills/#{file}" }

module Kills
  ENOUGH = 3 # faults

  # What came of a number of trials.
  Outcome = Struct.new(:trials, :kills, :parents, :faults)

  module_function

  # Goes through the trials of the seeds from `seed` on, until so many processes have been killed, and
  # so many of them were parents.
  # @return [Outcome] its faults are texts
  def run(seed:, kills:, parents: 0, out: $stdout)
    out.puts "kills: from seed #{seed} on, until there were #{kills}"
    outcome = Outcome.new(0, 0, 0, [])
    while (outcome.kills < kills || outcome.parents < parents) && outcome.faults.size < ENOUGH
      add(outcome, Trial.new(Plan.of(seed)), seed)
      seed += 1
    end
    outcome.faults.each { |text| out.puts text }
    out.puts "#{outcome.kills} kills, #{outcome.parents} of them of parents, in #{outcome.trials} trials: " \
             "#{outcome.faults.size} faults"
    outcome
  end

  def add(outcome, trial, seed)
    fault = trial.run
    outcome.trials += 1
    outcome.kills += trial.kills
    outcome.parents += 1 if trial.plan.parent?
    outcome.faults << <<~TEXT if fault
      seed #{seed}: #{fault}
        #{trial.plan}
        again: ruby -Ilib spec/stress/kills.rb --seed #{seed}
    TEXT
  end
end

if $PROGRAM_NAME == __FILE__
  options = { seed: nil, kills: nil }
  OptionParser.new do |parser|
    parser.on("--seed N", Integer) { |number| options[:seed] = number }
    parser.on("--kills N", Integer) { |number| options[:kills] = number }
  end.parse!
  options[:kills] ||= options[:seed] ? 1 : 2000
  options[:seed] ||= Random.new_seed % 1_000_000_000
  exit Kills.run(**options).faults.empty?
end
