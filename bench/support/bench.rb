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
require_relative "by_hand"
require_relative "report"

module Bench
  Figure = Struct.new(:name, :unit, :body, :values)

  # A bound on a measured number, with its words.
  Goal = Struct.new(:text, :value, :at_most, :at_least, :unit) do
    def met? = (at_most.nil? || value.call <= at_most) && (at_least.nil? || value.call >= at_least)
    def measured = format("%.3g %s", value.call, unit).strip
  end

  # One benchmark: contenders, figures and goals.
  class Suite
    attr_reader :name, :description, :contenders, :figures, :goals

    def initialize(name, description)
      @name = name
      @description = description
      @contenders = []
      @figures = []
      @goals = []
    end

    def items(count) = @items = scaled(count)

    def check(&check) = @check = check

    def rounds(count = nil)
      @rounds = count if count
      ENV.fetch("ROUNDS", @rounds || 5).to_i
    end

    def contender(name, items: nil, check: @check, needs: nil, &body)
      require needs if needs
      @contenders << Contender.new(name, items ? scaled(items) : @items, check, body)
    rescue LoadError
      warn "#{name}: left out, the gem is not installed"
    end

    # The program bench/programs/NAME.rb on the original gem, when ORIGINAL says where that is.
    def original(program, items:)
      @contenders << Original.new(program, items, @check) if ENV["ORIGINAL"]
    end

    def figure(name, unit = "", &body) = @figures << Figure.new(name, unit, body, [])

    def goal(name, against, at_most:)
      one, other = [name, against].map { |wanted| @contenders.find { |contender| contender.name == wanted } }
      return unless one && other

      @goals << Goal.new("#{name}: at most #{at_most} times #{against}", -> { ratio(one, other) }, at_most)
    end

    def faster(name, against, times:)
      one, other = [name, against].map { |wanted| @contenders.find { |contender| contender.name == wanted } }
      return unless one && other

      @goals << Goal.new("#{name}: at least #{times} times as fast as #{against}", -> { ratio(other, one) }, nil, times)
    end

    def limit(name, at_most:)
      figure = @figures.find { |candidate| candidate.name == name }
      @goals << Goal.new("#{name}: at most #{at_most} #{figure.unit}".strip, -> { Bench.median(figure.values) },
                         at_most, nil, figure.unit)
    end

    # An item's time in `seconds`, at most.
    def limit_time(name, at_most_ns:)
      one = @contenders.find { |contender| contender.name == name }
      @goals << Goal.new("#{name}: at most #{at_most_ns} ns an item", -> { Bench.median(one.nanoseconds) },
                         at_most_ns, nil, "ns")
    end

    def ratio(one, other)
      Bench.median(one.nanoseconds.zip(other.nanoseconds).map { |mine, theirs| mine / theirs })
    end

    def run
      @contenders.each(&:warm_up)
      rounds.times do
        @contenders.each(&:measure)
        @figures.each { |figure| figure.values << figure.body.call }
      end
      @contenders.each(&:measure_memory)
    end

    private

    def scaled(count) = [(count * Float(ENV.fetch("SCALE", 1))).to_i, 1].max
  end

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
