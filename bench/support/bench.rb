# frozen_string_literal: true

# What all benchmarks share:
#
#   Bench.run "name", "What is measured." do
#     items 100_000
#     check { |result, items| result == items }
#     contender("the floor") { |items| ... }           # the first one is what ratios refer to
#     contender("minigun") { |items| ... }
#     figure("something else", "ms") { 1.5 }
#     goal "minigun", "the floor", at_most: 2.0        # a ratio of times
#     limit "something else", at_most: 10
#   end
#
# ROUNDS sets the number of rounds, SCALE a factor for the items; a tenth is enough for a first look.
# Missed goals are shown; with STRICT=1 they also make the exit status.
$LOAD_PATH.unshift File.expand_path("../../lib", __dir__)
require "minigun"
require_relative "machine"
require_relative "contender"
require_relative "goals"
require_relative "suite"
require_relative "by_hand"
require_relative "report"

module Bench
  module_function

  def run(name, description, &definition)
    suite = Suite.new(name, description)
    suite.instance_eval(&definition)
    suite.run
    report = Report.new(suite)
    puts report.text, ""
    report.write unless ENV["SCALE"]
    exit 1 if ENV["STRICT"] && !suite.goals.all?(&:met?)
  end

  def median(values)
    sorted = values.sort
    middle = sorted.size / 2
    sorted.size.odd? ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0
  end

  def seconds
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    yield
    Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
  end
end
