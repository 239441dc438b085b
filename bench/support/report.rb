# frozen_string_literal: true

require "fileutils"

module Bench
  # A benchmark's tables, for the terminal and for bench/results.
  class Report
    FOLDER = File.expand_path("../results", __dir__)

    def initialize(suite)
      @suite = suite
    end

    def text
      [
        "# #{@suite.name}", "", @suite.description, "",
        *Machine.lines.map { |line| "- #{line}" },
        "- load of the machine in the minute before: #{@suite.load} (where that is not near zero, other work took its " \
        "part of the times, and the ratios are what to look at)",
        "- #{@suite.rounds} rounds, contenders taking turns; medians, spread from the fastest to the slowest; " \
        "ratios are medians of the rounds' ratios", "",
        *contenders, *figures, *goals
      ].join("\n")
    end

    def write
      FileUtils.mkdir_p(FOLDER)
      File.write(File.join(FOLDER, "#{@suite.name}.md"), "#{text}\n")
    end

    private

    def contenders = @suite.contenders.group_by(&:group).flat_map { |_, of_group| contender_table(of_group) }

    def contender_table(contenders)
      floor = contenders.first
      rows = contenders.map do |contender|
        times = contender.nanoseconds.sort
        [contender.name, count(contender.items), time(Bench.median(times)), "#{time(times.first)} .. #{time(times.last)}",
         format("%.2f", @suite.ratio(contender, floor)), memory(contender.memory)]
      end
      [*table(["contender", "items", "an item", "spread", "ratio", "peak memory"], rows), ""]
    end

    def figures
      return [] if @suite.figures.empty?

      rows = @suite.figures.map do |figure|
        values = figure.values.sort
        unit = figure.unit
        [figure.name, number(Bench.median(values), unit), "#{number(values.first, unit)} .. #{number(values.last, unit)}"]
      end
      [*table(%w[figure median spread], rows), ""]
    end

    def goals
      return [] if @suite.goals.empty?

      rows = @suite.goals.map { |goal| [goal.text, goal.measured, goal.met? ? "met" : "missed"] }
      table(%w[goal measured result], rows)
    end

    def table(head, rows)
      widths = [head, *rows].transpose.map { |column| column.map { |cell| cell.to_s.size }.max }
      lines = [head, widths.map { |width| "-" * width }, *rows].map do |row|
        "| #{row.each_with_index.map { |cell, index| cell.to_s.ljust(widths[index]) }.join(" | ")} |"
      end
      lines
    end

    def time(nanoseconds)
      return format("%.0f ns", nanoseconds) if nanoseconds < 10_000
      return format("%.1f µs", nanoseconds / 1e3) if nanoseconds < 10_000_000

      format("%.2f ms", nanoseconds / 1e6)
    end

    def number(value, unit) = format("%.4g %s", value, unit).strip

    def memory(bytes) = bytes ? format("%.1f MB", bytes / 1e6) : "-"

    def count(items) = items.to_s.reverse.scan(/\d{1,3}/).join(" ").reverse
  end
end
