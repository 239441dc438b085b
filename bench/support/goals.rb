# frozen_string_literal: true

module Bench
  # A bound on a measured number, with its words.
  Goal = Struct.new(:text, :value, :at_most, :at_least, :unit, keyword_init: true) do
    def met? = (at_most.nil? || value.call <= at_most) && (at_least.nil? || value.call >= at_least)
    def measured = format("%.3g %s", value.call, unit).strip
  end

  # What a suite can demand. A goal on a contender or figure that was left out is left out as well.
  module Goals
    def goal(name, against, at_most:)
      both(name, against) do |one, other|
        add "#{name}: at most #{at_most} times #{against}", at_most: at_most do
          ratio(one, other)
        end
      end
    end

    def faster(name, against, times:)
      both(name, against) do |one, other|
        add "#{name}: at least #{times} times as fast as #{against}", at_least: times do
          ratio(other, one)
        end
      end
    end

    # The time of an item, against what it would take if nothing but the waiting took time.
    def ideal(name, milliseconds, at_most:)
      one = contender_named(name) or return
      add "#{name}: at most #{at_most} times the ideal #{milliseconds} ms an item", at_most: at_most do
        Bench.median(one.nanoseconds) / (milliseconds * 1e6)
      end
    end

    def item_time(name, at_most:)
      one = contender_named(name) or return
      add "#{name}: at most #{at_most} ns an item", at_most: at_most, unit: "ns" do
        Bench.median(one.nanoseconds)
      end
    end

    # What `name` costs an item more than `against`, divided by `parts`.
    def extra(name, against, what, at_most:, parts: 1)
      both(name, against) do |one, other|
        add "#{what}: at most #{at_most} ns", at_most: at_most, unit: "ns" do
          Bench.median(one.nanoseconds.zip(other.nanoseconds).map { |mine, theirs| (mine - theirs) / parts })
        end
      end
    end

    def limit(name, at_most:)
      one = figure_named(name) or return
      add "#{name}: at most #{at_most} #{one.unit}".strip, at_most: at_most, unit: one.unit do
        Bench.median(one.values)
      end
    end

    def growth(name, from, at_most:)
      one, other = figure_named(name), figure_named(from)
      return unless one && other

      add "#{name}: at most #{at_most} times #{from}", at_most: at_most do
        Bench.median(one.values.zip(other.values).map { |mine, theirs| mine / theirs })
      end
    end

    private

    def add(text, **bounds, &value) = @goals << Goal.new(text: text, value: value, **bounds)

    def both(*names)
      found = names.map { |name| contender_named(name) }
      yield(*found) if found.all?
    end

    def contender_named(name) = @contenders.find { |contender| contender.name == name }
    def figure_named(name) = @figures.find { |figure| figure.name == name }
  end
end
