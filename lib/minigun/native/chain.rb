# frozen_string_literal: true

require "etc"
require "json"

require_relative "faces"
require_relative "fork"
require_relative "options"

module Minigun
  module Native
    # A row of native stages without a pipeline around it, each stage a Hash of its name and its
    # options. It runs when it is read.
    #
    #   chain = Minigun::Native::Chain.new({ lines: "access.log" }, { grep: /" 50\d / }, workers: 2)
    #   chain.each { |line| puts line }
    #
    #   Minigun::Native::Chain.new({ group: "path" }).each([{ "path" => "/" }]) { |row| p row }
    #   # => {"path"=>"/", "count"=>1}
    class Chain
      include Enumerable

      MOST_WORKERS = 1024
      private_constant :MOST_WORKERS

      # @return [Array<Hash>] of the latest run, per stage: name, consumed, produced, failed, seconds
      attr_reader :counters

      # @param stages [Array<Hash>] in order
      # @param workers [Integer] threads; as many as there are processors
      # @param ordered [Boolean] does output keep the order of input?
      # @param symbols [Boolean] are the keys of rows Symbols?
      # @param budget [Integer] bytes that may wait at each end
      # @param on_reject [#call] is given each Reject; they are logged without it
      # @raise [ArgumentError] an unknown stage, or a wrong option
      def initialize(*stages, workers: nil, ordered: false, symbols: false, budget: 0, on_reject: nil)
        raise ArgumentError, "a native chain needs a stage" if stages.empty?

        @stages = stages.map { |stage| Chain.stage(stage) }
        @workers = Chain.workers(workers)
        raise ArgumentError, "budget: takes a number of bytes, not #{budget.inspect}" unless budget.is_a?(Integer) && !budget.negative?

        @ordered, @symbols, @budget, @on_reject = ordered, symbols, budget, on_reject
        @counters = []
      end

      # @return [Integer] threads of a chain
      # @api private
      def self.workers(number)
        number ||= Etc.nprocessors
        return number if number.is_a?(Integer) && number.between?(1, MOST_WORKERS)

        raise ArgumentError, "workers: takes an Integer from 1 to #{MOST_WORKERS}, not #{number.inspect}"
      end

      # @return [Array(Symbol, Object)] name and options
      # @api private
      def self.stage(stage)
        unless stage.is_a?(Hash) && stage.size == 1
          raise ArgumentError, "a native stage is written as { name: options }, not #{stage.inspect}"
        end
        name, options = stage.first
        Native[name]
        [name.to_sym, options]
      end

      # Yields what the last stage emits: Strings, or Hashes where it emits rows.
      #
      # @param input [#each_slice, nil] items for the first stage, unless it is a source
      # @return [self]
      # @raise [NativeError] a stage failed
      def each(input = nil, &block)
        return to_enum(:each, input) unless block

        each_chunk(input) { |items| items.each(&block) }
      end

      # Yields them as Arrays, as they come.
      def each_chunk(input = nil, &block)
        drive(machine(true), input, &block)
        self
      end

      # Runs the chain for what its last stage does.
      #
      # @return [self]
      def run(input = nil)
        drive(machine(false), input) { nil }
        self
      end

      # The machine for one run.
      #
      # @param wanted [Boolean] does anybody read what the last stage emits?
      # @return [Machine]
      # @api private
      def machine(wanted)
        Fork.guard
        machine = Machine.new(@workers, @ordered, wanted, @budget, @symbols)
        [nil, *@stages, nil].each_cons(3) do |before, (name, options), after|
          machine.add(Native[name], Options.between([before&.first], name, options, [after&.first]))
        end
        machine
      end

      private

      def drive(machine, input, &block)
        check_input(machine, input)
        machine.start
        feeder = input && Thread.new { feed(machine, input) }
        while (taken = machine.take)
          taken.is_a?(Reject) ? reject(taken) : block.call(taken)
        end
        feeder&.value
      ensure
        machine.cancel
        feeder&.kill&.join
        machine.join
        @counters = read_counters(machine)
      end

      def check_input(machine, input)
        return if machine.source? != !input.nil?

        raise ArgumentError, "the chain begins with a source and takes no input" if input

        raise ArgumentError, "the chain needs input, or a source in front"
      end

      def feed(machine, input)
        Thread.current.report_on_exception = false
        input.each_slice(512) do |items|
          machine.feed(items)&.each { |place| reject(unfit(items[place])) }
          break unless machine.hungry?
        end
        machine.finish
      rescue Exception
        machine.cancel
        raise
      end

      def unfit(item)
        Reject.new(0, 0, "native stages take Strings, and Hashes of Strings, numbers, true, false and nil", nil, nil, nil,
                   item)
      end

      def reject(reject)
        return @on_reject.call(reject) if @on_reject

        Minigun.logger.error("native stage #{@stages[reject.stage].first}: #{reject.message}")
      end

      def read_counters(machine)
        @stages.each_with_index.map do |(name, _), index|
          %i[consumed produced failed seconds].zip(machine.counters(index)).to_h.merge(name: name)
        end
      end
    end
  end
end
