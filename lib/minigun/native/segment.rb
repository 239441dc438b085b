# frozen_string_literal: true

require "json"

module Minigun
  module Native
    # A chain of native stages within a program.
    class Segment
      # Policies that no chain can follow: a record is not Ruby's while it is in one.
      UNFIT = %i[retries backoff timeout].freeze
      private_constant :UNFIT

      # @return [Array<Step>] in order; the first one drives
      attr_reader :steps
      # @return [Integer] threads
      attr_reader :workers

      # @param before [Array<Step>] what feeds the first one
      # @param after [Array<Step>] what the last one feeds
      # @raise [Minigun::Error] an option is wrong
      def initialize(steps, before: [], after: [])
        @steps = steps
        steps.each { |step| check_policy(step) }
        neighbours = [before, *steps.map { |step| [step] }, after]
        @stages = neighbours.each_cons(3).map { |feeding, (step), fed| settle(names(feeding), step.stage, names(fed)) }
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

      def check_policy(step)
        stage, policy = step.stage, step.policy || {}
        own, others = UNFIT.select { |option| policy[option] && policy[option] != 0 }.partition { |option| stage.given_options[option] }
        place = Minigun::Options.place(stage.pipeline, stage)
        raise Error, "#{place}: native stages neither try again nor time out, so #{words(own)} can't be given" if own.any?
        return if others.empty?

        Minigun.logger.warn("#{place}: native stages neither try again nor time out: #{words(others)} of what surrounds it " \
                            "has no effect on it")
      end

      def words(options) = options.map { |option| "#{option}:" }.join(", ")

      # @return [Array<Symbol>] names of the native stages among the steps
      def names(steps) = steps.filter_map { |step| step.stage.native_name if Fuse.native?(step) }

      # The stage's address and its options in the words of C.
      def settle(before, stage, after)
        place = Minigun::Options.place(stage.pipeline, stage)
        pairs = Options.between(before, stage.native_name, stage.native_options, after, place: place)
        [Native[stage.native_name], pairs]
      rescue ArgumentError => e
        raise Error, "#{place}: #{e.message}"
      end
    end
  end
end
