# frozen_string_literal: true

module Minigun
  # The plan of a pipeline in words: which stages run together, where queues stand and
  # why, in which contexts; and, once it ran, what was measured.
  #
  #   puts Job._minigun_task.explain
  class Explanation
    COLUMNS = %w[stage kind runs\ in workers in out failed running waits\ for\ items waits\ for\ room].freeze

    # What the plan says of a step behind a native one; it knows nothing of chains.
    JOINED = "it runs with the step before it"
    private_constant :JOINED

    # @param pipeline [Pipeline] the root
    # @param run [Execution::Run, nil] its latest run; without one the plan alone is shown
    # @param context [Object, nil] the object whose run is explained
    def initialize(pipeline, run: nil, context: nil)
      @measured = !run.nil?
      @run = run || plan_of(pipeline, context)
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

    # A run that never starts. Chains have somebody who drives them, as they will have then.
    def plan_of(pipeline, context)
      run = Execution::Run.new(context, Compiler.compile(pipeline, context))
      run.program.steps.each { |step| run.drivers[step.index] = step.callable if head?(step) }
      run.set_up
    end

    def counted(list, name) = "#{list.size} #{name}#{"s" unless list.size == 1}"

    def named = @run.program.steps.reject { |step| step.kind == :router }

    # A chain of native stages is a segment, though its first stage alone is the run's to call.
    def segments
      @segments ||= @run.segments.flat_map do |indexes, *|
        chained, others = indexes.map { |index| @run.program.steps[index] }.partition { |step| step.stage&.native? }
        [*chained.filter_map { |step| step.callable.steps if head?(step) }, others].reject(&:empty?)
      end
    end

    def head?(step) = step.callable.is_a?(Native::Segment)

    def segment(steps, number)
      first = steps.first
      text = ["segment #{number} (#{place(first)}): #{steps.map(&:name).join(" -> ")}"]
      text << "  a queue before #{first.name}: #{reason(first)}" unless first.kind == :producer
      text
    end

    def reason(step)
      times = @run.times(step.index)
      return "it proved to block, and was given a worker of its own" if times[:split]

      times[:why] == JOINED && follows_native?(step) ? "it follows native stages" : times[:why]
    end

    def follows_native?(step) = step.upstreams.any? { |index| @run.program.steps[index].stage&.native? }

    def place(step)
      count = head?(step) ? step.callable.workers : step.workers
      context(step) == "thread" && count.nil? ? "one thread" : "#{context(step)}, #{count || 1} at a time"
    end

    # Where it runs, or ran.
    def context(step)
      return "native" if step.stage&.native?
      return step.context.to_s unless @measured && step.context == :ractor

      @run.drivers[step.index]&.in_ractors? ? "ractor" : "thread"
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
      [step.name.to_s, step.kind.to_s, context(step), workers(times), consumed.to_s, produced.to_s, failed.to_s,
       *times.values_at(:running, :waiting_for_input, :waiting_for_room).map { |seconds| format("%.3f s", seconds) }]
    end

    def workers(times) = times[:grown] ? "#{times[:workers]} (it blocks)" : times[:workers].to_s
  end
end
