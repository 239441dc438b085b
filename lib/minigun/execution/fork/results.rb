# frozen_string_literal: true

require_relative "fault"
require_relative "log_relay"
require_relative "order"
require_relative "write_back"

module Minigun
  module Execution
    module Fork
      # What comes back from the workers of a step, and where it goes: outputs to later steps, failures
      # to the policy, changes to the user object, figures to the statistics, lines to the log.
      class Results
        # @return [Order, nil]
        attr_reader :order

        # @param run [Run]
        # @param work [Work]
        def initialize(run, work)
          @run, @work = run, work
          @order = Order.new { |outputs, weight| pass_on(outputs, weight) } if work.ordered?
          @outputs, @latencies = [], []
          @consumed = @finished = 0
        end

        # @param input [#settle]
        # @param intake [Intake]
        def connect(input, intake)
          @input, @intake = input, intake
        end

        # A message about units of a portion. Its outputs are passed on by #flush.
        def accept(portion, latencies, note, outputs, unread)
          again = []
          failed = note ? take_note(portion, note, again) : 0
          unread.each { |_, error| fail_one(sole_unit(portion), error) }
          portion = portion.without(again)
          consumed = weight(portion) - failed - unread.size
          @consumed += consumed if consumed.positive?
          @latencies.concat(latencies)
          finish(portion, outputs)
        end

        # Passes on what has gathered: in one go, because each wakes whom it is for.
        def flush
          @run.report(@work.index, consumed: @consumed, latencies: @latencies) unless @consumed.zero?
          @consumed = 0
          @latencies = []
          publish(@outputs.shift) until @outputs.empty?
          @input.settle(@finished) unless @finished.zero?
          @finished = 0
        end

        # A message about no unit.
        # @return [Exception, nil] what is to end the run
        def accept_note(note)
          _, changes, lines, fatal = note && Marshal.load(note)
          merge(changes, lines)
          fatal && Fault.load(fatal)
        end

        # Units that failed without a result.
        def refuse(portion, error)
          portion.units.each { |unit| @run.fail_item(@work.index, unit, error, weight: @intake.weight(unit)) }
          finish(portion, [])
        end

        private

        # @param again [Array<Integer>] gets the indexes of units that are to be tried again
        # @return [Integer] inputs that failed
        def take_note(portion, note, again)
          failures, changes, lines, = Marshal.load(note)
          merge(changes, lines)
          failures.sum do |index, fault|
            error = Fault.load(fault)
            next fail_one(sole_unit(portion), error) unless index

            unit = portion.units[index]
            weight = @intake.weight(unit)
            seconds = @run.fail_item(@work.index, unit, error, attempt: portion.tries.to_i, weight: weight)
            next weight unless seconds

            try_again(portion.part(index, 1), seconds)
            again << index
            0
          end
        end

        def fail_one(unit, error)
          @run.fail_item(@work.index, unit, error)
          1
        end

        # It waits outside of all queues, and comes back as input.
        def try_again(portion, seconds)
          portion.tries = portion.tries.to_i + 1
          @run.park(@work.index, portion, seconds)
          @intake.expect(portion)
        end

        def merge(changes, lines)
          LogRelay.replay(lines) if lines
          WriteBack.merge(@work.user_object, changes) if changes
        end

        # The unit, where an output doesn't tell whose it is.
        def sole_unit(portion) = portion.size == 1 ? portion.units[0] : nil

        def finish(portion, outputs)
          return pass_on(outputs, weight(portion)) unless @order

          @order.finish(portion.keys, outputs, portion.units.map { |unit| @intake.weight(unit) })
        end

        def weight(portion)
          @work.batch_size ? portion.units.sum { |unit| @intake.weight(unit) } : portion.size
        end

        def pass_on(outputs, weight)
          outputs.each do |target, items|
            last = @outputs.last
            last && last[0] == target ? last[1].concat(items) : @outputs << [target, items]
          end
          @finished += weight
        end

        def publish((target, items))
          @run.publish(@work.index, target, items)
        rescue ArgumentError # the stage has ended; the inputs of these outputs are done by now
          @run.undeliverable(target, items)
        end
      end
    end
  end
end
