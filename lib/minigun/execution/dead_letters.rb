# frozen_string_literal: true

module Minigun
  module Execution
    # Where the dead letters of a run go: each stage's sink, as its policy names it.
    class DeadLetters
      # Letters a result keeps where no sink is named.
      KEPT = 10_000

      # @return [Array<DeadLetter>] those without a sink of their own
      attr_reader :kept

      # @param run [Run]
      def initialize(run)
        @run = run
        @kept = []
        @files = {}
        @sinks = {}
      end

      # Finds the sinks, so that what can't be one is known before anything runs.
      # @raise [Error] a stage that isn't there, a file that can't be opened
      def prepare
        @run.program.steps.each do |step|
          sink = step.policy && step.policy[:dead_letter]
          @sinks[step.index] = sink_of(step, sink) unless sink.nil?
        end
        self
      end

      # Delivers a letter.
      # @raise [StandardError] where the sink can't take it
      def deliver(step, letter)
        sink = @sinks[step.index]
        return keep(letter) unless sink

        sink.call(letter)
      end

      def close
        @files.each_value(&:close)
      end

      private

      def keep(letter)
        if @kept.size >= KEPT
          raise DeadLetterError, "[Stage:#{letter.stage}] #{KEPT} dead letters are kept already: give the stage " \
                                 "a sink for them by dead_letter:"
        end
        @kept << letter
      end

      def sink_of(step, sink)
        case sink
        when Symbol, Stage then to_stage(step, sink)
        when String then to_file(step, sink)
        when Array then ->(letter) { sink << letter }
        else sink.respond_to?(:to_path) ? to_file(step, sink.to_path) : caller_of(step, sink)
        end
      end

      def caller_of(step, sink)
        user = @run.program.context
        return ->(letter) { user.instance_exec(letter, &sink) } if sink.is_a?(Proc)

        unless sink.respond_to?(:call)
          raise Error, "#{@run.place(step)} dead_letter: takes an Array, something to call, the name of a stage or the " \
                       "path of a file, not #{sink.inspect}"
        end
        sink.method(:call)
      end

      def to_stage(step, name)
        target = @run.resolve(step.index, name)
        raise Error, "#{@run.place(step)} dead_letter: #{name.inspect} is the stage itself" if target == step.index

        ->(letter) { @run.send_letter(step.index, target, letter) }
      rescue ArgumentError => e
        raise Error, "#{@run.place(step)} dead_letter: #{e.message}"
      end

      def to_file(step, path)
        file = @files[File.expand_path(path)] ||= DeadLetterFile.new(path, @run.place(step))
        file.method(:write)
      end
    end
  end
end
