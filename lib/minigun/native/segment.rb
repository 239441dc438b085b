# frozen_string_literal: true

require "etc"

module Minigun
  module Native
    # A chain of native stages within a program.
    class Segment
      # @return [Array<Step>] in order; the first one drives
      attr_reader :steps

      # @raise [Minigun::Error] an option is wrong
      def initialize(steps)
        @steps = steps
        addresses = steps.map { |step| Native[step.stage.native_name] }
        @stages = addresses.zip(Options.chain(steps.map { |step| step.stage.options.fetch(:native) }))
        @ordered, @workers = steps.first.stage.manner
      rescue ArgumentError => e
        raise Error, "#{Minigun::Options.place(head.stage.pipeline, head.stage)}: #{e.message}"
      end

      def head = @steps.first

      def last = @steps.last

      # Does it read for itself?
      def source? = head.stage.producer?

      # @return [Machine] for one run
      def machine
        Fork.guard
        machine = Machine.new(@workers || Etc.nprocessors, @ordered, last.targets.any?, 0, false)
        @stages.each { |address, pairs| machine.add(address, pairs) }
        machine
      end

    end
  end
end
