# frozen_string_literal: true

module Minigun
  # The plan of a pipeline in words: which stages run together, where queues stand and
  # why, in which contexts; and, once it ran, what was measured.
  #
  #   puts Job._minigun_task.explain
  class Explanation
    COLUMNS = %w[stage kind runs\ in workers in out failed running waits\ for\ items waits\ for\ room].freeze

    # @param pipeline [Pipeline] the root
    # @param run [Execution::Run, nil] its latest run; without one the plan alone is shown
    # @param context [Object, nil] the object whose run is explained
    def initialize(pipeline, run: nil, context: nil)
      @measured = !run.nil?
      @run = run || Execution::Run.new(context, Compiler.compile(pipeline, context)).set_up
      @pipeline = pipeline
    end

    # @return [String]
    def to_s
      lines = ["pipeline #{@pipeline.name}: #{counted(named, "stage")} in #{counted(segments, "segment")}"]
      segments.each_with_index { |steps, number| lines.concat(segment(steps, number + 1)) }
      lines.concat(measurements) if @measured
      lines.join("\n")
    end

    private

    def counted(list, name) = "#{list.size} #{name}#{"s" unless list.size == 1}"

    def named = @run.program.steps.reject { |step| step.kind == :router }

    def segments
      @segments ||= @run.segments.map { |indexes, *| indexes.map { |index| @run.program.steps[index] } }
    end

    def segment(steps, number)
      first = steps.first
      text = ["segment #{number} (#{place(first)}): #{steps.map(&:name).join(" -> ")}"]
      text << "  a queue before #{first.name}: #{reason(first)}" unless first.kind == :producer
      text
    end

    def reason(step)
      times = @run.times(step.index)
      times[:split] ? "it proved to block, and was given a worker of its own" : times[:why]
    end

    def place(step)
      count = step.workers
      step.context == :thread && count.nil? ? "one thread" : "#{step.context}, #{count || 1} at a time"
    end

    def measurements
      rows = named.map { |step| row(step) }
      widths = COLUMNS.each_index.map { |i| [COLUMNS[i].size, *rows.map { |row| row[i].size }].max }
      [COLUMNS, *rows].map do |row|
        row.each_with_index.map { |cell, i| i < 3 ? cell.ljust(widths[i]) : cell.rjust(widths[i]) }.join("  ").rstrip
      end
    end

    def row(step)
      consumed, produced, failed = @run.counters(step.index)
      times = @run.times(step.index)
      [step.name.to_s, step.kind.to_s, step.context.to_s, workers(times), consumed.to_s, produced.to_s, failed.to_s,
       *times.values_at(:running, :waiting_for_input, :waiting_for_room).map { |seconds| format("%.3f s", seconds) }]
    end

    def workers(times) = times[:grown] ? "#{times[:workers]} (it blocks)" : times[:workers].to_s
  end
end
