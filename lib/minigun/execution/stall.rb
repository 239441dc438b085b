# frozen_string_literal: true

module Minigun
  module Execution
    # Looks at a run in which no item gets on: says who waits for what, and ends it where nothing can
    # ever happen any more.
    class Stall
      # Seconds without progress before it is told, unless setting stall_after says otherwise.
      AFTER = 60
      # Characters of an item.
      SHOWN = 200
      # Lines of a backtrace.
      LINES = 6

      # @param run [Run]
      def initialize(run)
        @run = run
        given = run.program.pipelines.first.pipeline.config[:stall_after]
        @after = given.nil? ? AFTER : given
      end

      # @param seconds [Float] since an item has got on
      def look(seconds)
        return unless @after
        return raise_deadlock if deadlock?

        @next = @after if @last.nil? || seconds < @last
        @last = seconds
        return if seconds < @next

        @next *= 2
        Minigun.logger.warn("no item has got on for #{seconds.round} s\n#{report}")
      end

      # @return [String] who waits for what
      def report
        workers = @run.workers
        @run.program.steps.filter_map { |step| of_step(step, workers.select { |_, _, index| index == step.index }) }.join("\n")
      end

      private

      def raise_deadlock
        @run.cancel(StallError.new("every stage waits, and nothing is left that could wake one\n#{report}"))
      end

      # Every worker waits natively, for items or for room, or for ever in Ruby, and nobody else in the
      # process does otherwise: what Ruby itself calls a deadlock, where it can see it.
      def deadlock?
        return false unless @run.drivers.empty? && @run.parked.zero? && timers.zero?

        workers = @run.workers
        in_code = workers.filter_map { |thread, activity,| thread if activity == :runs }
        in_code.any? && (in_code + others(workers)).all? { |thread| waits_for_ever?(thread) }
      end

      def others(workers) = Thread.list - workers.map(&:first) - [Thread.current]

      # What ends by the clock.
      def timers
        @run.program.steps.count do |step|
          step.await.is_a?(Float) || (step.kind == :batch && step.max_wait) || (step.policy && step.policy[:timeout])
        end
      end

      # Not to be had but by its text: `sleep` and waits for files and processes say something else.
      def waits_for_ever?(thread) = thread.inspect.end_with?(" sleep_forever>")

      def of_step(step, workers)
        state = @run.state(step.index)
        return if state[:ended] && workers.empty?

        lines = ["  stage #{step.name}: #{step.kind == :producer ? "produces" : queue(step, state)}"]
        oldest = @run.oldest(step.index)
        lines << "    oldest item: #{shown(oldest.first)}" if oldest
        workers.each { |thread, activity,| lines << "    a worker #{deed(step, activity)}" << trace(thread, activity) }
        lines.flatten.join("\n")
      end

      def queue(step, state)
        queued = "#{state[:queued]} queued"
        queued += " of #{step.queue_size}" if step.queue_size
        queued += ", writers wait for room" if state[:waiting_writers]
        feeders = state[:live_upstreams] + state[:live_feeders]
        feeders.positive? ? "#{queued}, #{feeders} stage(s) may send more" : queued
      end

      def deed(step, activity)
        case activity
        when :runs then "runs its code"
        when :delivers then "waits for room in #{step.targets.map { |index| @run.step_name(index).inspect }.join(", ")}"
        else "waits for items"
        end
      end

      def trace(thread, activity)
        return [] unless activity == :runs

        (thread.backtrace || []).first(LINES).map { |line| "      #{line}" }
      end

      def shown(item)
        item.inspect[0, SHOWN]
      rescue StandardError, SystemStackError
        "an item that can't be shown"
      end
    end
  end
end
