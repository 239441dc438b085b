# frozen_string_literal: true

require_relative "isolation"

module Minigun
  module Execution
    # A ractor that runs the blocks of a step, and the main ractor's hold on it. Used by one thread.
    class RactorWorker
      # Items or results that can't be copied from one ractor to the other.
      class Unsendable < StandardError; end

      # The ractor ended with an item in its hands: its thread was killed.
      class Ended < StandardError; end
      private_constant :Ended

      # What a block in a ractor knows as its output. It writes down what goes where.
      class Output
        # @param written [Array] of [target, items, place of the item they were made from]
        def initialize(written, target = nil)
          @written = written
          @target = target
          @others = {}
        end

        # @return [self]
        def <<(item)
          target, items, place = @written.last
          if items && target == @target && place == @place
            items << item
          else
            @written << [@target, [item], @place]
          end
          self
        end

        # @return [Output] the same for the same target
        def to(target)
          @others[target] ||= Output.new(@written, target).at(@place)
        end

        # @return [Proc]
        def to_proc
          @to_proc ||= proc { |item, to: nil| (to ? to(to) : self) << item }
        end

        # @return [self]
        def at(place)
          @place = place
          @others.each_value { |other| other.at(place) }
          self
        end
      end

      # Runs in the ractor.
      module Loop
        module_function

        # @param work [Array] user object, what the block receives, before hooks, the block, after hooks
        def run(work)
          while (order = Ractor.receive)
            port, items = order
            answer(port, call(work, items))
          end
        end

        def call(work, items)
          outputs = []
          failures = []
          latencies = []
          output = Output.new(outputs)
          items.each_with_index do |item, place|
            start = Clock.now
            one(work, item, output.at(place))
            latencies << (Clock.now - start)
          rescue StandardError => e
            failures << [place, e]
          end
          [outputs, failures, latencies, nil]
        rescue Exception => e # rubocop:disable Lint/RescueException
          [outputs, failures, latencies, e]
        end

        def one((user, receives, before, block, after), item, output)
          before.each { |hook| user.instance_exec(&hook) }
          given = receives == :item_output ? [item, output] : [item]
          user.instance_exec(*given, &block)
          after.each { |hook| user.instance_exec(&hook) }
        end

        # A String as answer says why the result can't cross.
        def answer(port, result)
          send(port, result)
        rescue Ractor::ClosedError
          raise
        rescue StandardError => e
          send(port, e.message)
        end

        def send(port, answer) = port ? port << answer : Ractor.yield(answer)
      end

      # @param work [Array] shareable; see Loop.run
      def initialize(work)
        @work = work
        start
      end

      # Runs the blocks over the items, in the ractor.
      # @return [Array] outputs with names as targets and the place of their item, failures,
      #   latencies, nil or the error that stops the run
      # @raise [Unsendable] why nothing could be done, or its result couldn't come back
      def call(items)
        ask(items)
      rescue Ended => e
        RactorWatch.ignore(@ractor) unless @port
        start
        items.size == 1 ? [[], [[0, LocalJumpError.new(e.message)]], [0.0], nil] : one_by_one(items)
      end

      # Lets go of the ractor, which ends when it next looks for work.
      # @return [void]
      def stop
        RactorWatch.ignore(@ractor) unless @port
        @ractor.send(nil)
      rescue Ractor::ClosedError
        nil
      end

      private

      def start
        @port = defined?(Ractor::Port) ? Ractor::Port.new : nil
        @ractor = Isolation.create(@work) { |parts| Loop.run(parts) }
        @port ? @ractor.monitor(@port) : @inbox = RactorWatch.watch(@ractor)
      end

      def ask(items)
        order(items)
        result = @port ? @port.receive : take
        raise Unsendable, result if result.is_a?(String)
        raise Ended, "the thread of the stage was killed" unless result.is_a?(Array)

        result
      end

      # Nothing of them has come back, so they can be worked on again.
      def one_by_one(items)
        items.each_with_index.with_object([[], [], [], nil]) do |(item, place), all|
          outputs, failures, latencies, fatal = call([item])
          all[0].concat(outputs.map { |target, results, _| [target, results, place] })
          all[1].concat(failures.map { |_, error| [place, error] })
          all[2].concat(latencies)
          break all[0..2] << fatal if fatal
        end
      end

      def take
        message = @inbox.pop
        raise message.error if message.error

        message.value
      end

      def order(items)
        @ractor.send([@port, items])
      rescue TypeError, ArgumentError, Ractor::Error => e
        raise Unsendable, e.message
      end
    end
  end
end
