# frozen_string_literal: true

require "json"

module Minigun
  module Native
    # A chain of native stages within a program.
    class Segment
      # @return [Array<Step>] in order; the first one drives
      attr_reader :steps

      # @raise [Minigun::Error] an option is wrong
      def initialize(steps)
        @steps = steps
        @stages = [nil, *steps, nil].each_cons(3).map { |before, step, after| settle(before&.stage, step.stage, after&.stage) }
        @ordered, workers = steps.first.stage.manner
        @workers = Chain.workers(workers)
      rescue ArgumentError => e
        raise Error, "#{Minigun::Options.place(steps.first.stage.pipeline, steps.first.stage)}: #{e.message}"
      end

      def head = @steps.first

      def last = @steps.last

      # Does it read for itself?
      def source? = head.stage.producer?

      # @return [Machine] for one run
      def machine
        Fork.guard
        machine = Machine.new(@workers, @ordered, last.targets.any?, 0, last.stage.symbols?)
        @stages.each { |address, pairs| machine.add(address, pairs) }
        machine
      end

      private

      # The stage's address and its options in the words of C.
      def settle(before, stage, after)
        pairs = Options.between(before&.native_name, stage.native_name, stage.native_options, after&.native_name)
        [Native[stage.native_name], pairs]
      rescue ArgumentError => e
        raise Error, "#{Minigun::Options.place(stage.pipeline, stage)}: #{e.message}"
      end
    end
  end
end
