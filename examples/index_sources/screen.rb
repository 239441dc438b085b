# frozen_string_literal: true

require "ruby-progressbar"
require "terminal-table"

# What the user sees: a bar on a terminal, plain lines elsewhere, tables at the end.
class Screen
  PLAIN_STEPS = 10
  PROBLEMS_SHOWN = 20
  LARGEST_SHOWN = 10

  def initialize(output = $stdout)
    @output = output
    @done = @total = @said = 0
  end

  def expect(total)
    @total = total
    @output.puts "indexing #{total} files"
    @output.flush
    @bar = ProgressBar.create(total: total, output: @output, format: "%c of %C |%B| %p%% %e") if @output.tty?
  end

  def advance(count)
    @done += count
    return @bar.progress = @done if @bar

    step = @done * PLAIN_STEPS / [@total, 1].max
    return if step == @said

    @said = step
    @output.puts "#{@done} of #{@total} files"
    @output.flush
  end

  def finish
    @bar&.stop unless @bar&.finished?
  end

  def report(index, database, stats, seconds)
    problems(index.problems)
    @output.puts largest(database), stages(stats), summary(index, database, seconds), bottleneck(stats)
  end

  private

  def problems(problems)
    return if problems.empty?

    @output.puts "#{problems.size} files with problems:"
    problems.first(PROBLEMS_SHOWN).each { |path, problem| @output.puts "  #{path.scrub}: #{problem}" }
    @output.puts "  and #{problems.size - PROBLEMS_SHOWN} more" if problems.size > PROBLEMS_SHOWN
  end

  def largest(database)
    rows = database.largest(LARGEST_SHOWN).map { |path, bytes, lines, methods| [path, bytes, lines, methods] }
    table("The largest files", %w[file bytes lines methods], rows)
  end

  def stages(stats)
    return "nothing ran" unless stats

    rows = stats.stages_in_order.map do |stage|
      items = [stage.items_consumed, stage.items_produced].max
      [stage.stage_name, stage.items_consumed, stage.items_produced, stage.items_failed,
       stage.runtime.zero? ? "-" : (items / stage.runtime).round, *times(stage)]
    end
    table("The stages", ["stage", "in", "out", "failed", "items/s", "median ms", "busy s"], rows)
  end

  def times(stage)
    return %w[- -] unless stage.has_latency_data?

    [format("%.3f", stage.p50 * 1000), format("%.2f", busy(stage))]
  end

  # The seconds that a stage's workers were at work: the mean of the sampled times, times the items.
  def busy(stage)
    return 0 unless stage.has_latency_data?

    mean = (1..99).sum { |percent| stage.percentile(percent) } / 99.0
    mean * stage.items_consumed / SourceIndex::WORKERS.fetch(stage.stage_name, 1)
  end

  def summary(index, database, seconds)
    files, lines, methods, classes = database.totals
    changes = %i[added updated unchanged removed].map { |change| "#{index.tally[change]} #{change}" }
    rows = [["files", files], ["lines", lines], ["methods", methods], ["classes and modules", classes],
            ["this run", changes.join(", ")], ["problems", index.problems.size],
            ["time", format("%.2f s", seconds)]]
    table("The index", nil, rows)
  end

  # All stages of a chain end up with the same number of items a second; the busiest one sets it.
  def bottleneck(stats)
    busiest = stats&.stages_in_order&.max_by { |stage| busy(stage) }
    "bottleneck: #{busiest.stage_name}" if busiest
  end

  def table(title, headings, rows)
    table = Terminal::Table.new(title: title, rows: rows)
    table.headings = headings if headings
    (headings ? (1...headings.size) : [1]).each { |column| table.align_column(column, :right) } if rows.any?
    table
  end
end
