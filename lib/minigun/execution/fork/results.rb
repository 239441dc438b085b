# frozen_string_literal: true

require_relative "fates"
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
        # @return [Integer] inputs that are done
        def accept(portion, latencies, note, outputs, unread)
          fates = Fates.new([], {}, [])
          failed = note ? take_note(portion, note, fates) : 0
          unread.each { |_, error| fail_output(portion, error, fates) }
          consumed = [weight(portion) - weight(portion, fates.again) - failed - unread.size, 0].max
          @consumed += consumed
          @latencies.concat(latencies)
          finish(portion, fates, outputs)
          consumed
        end

        # Inputs that had been done, but that their stage kept in a worker which died or is ended.
        def lose(count, error = nil)
          report
          @run.lose(@work.index, count, error)
        end

        # Passes on what has gathered: in one go, because each wakes whom it is for.
        def flush
          report
          publish(@outputs.shift) until @outputs.empty?
          @input.settle(@finished) unless @finished.zero?
          @finished = 0
        end

        # A message about no unit, perhaps with what the stage flushed.
        # @return [Exception, nil] what is to end the run
        def accept_note(note, outputs)
          failures, changes, lines, fatal = note && Marshal.load(note)
          merge(changes, lines)
          failures&.each { |_, fault| @run.fail_item(@work.index, nil, Fault.load(fault), weight: 0) }
          pass_on(outputs, 0)
          fatal && Fault.load(fatal)
        end

        # Units that failed without a result.
        # @param attempts [Integer] how often each was tried
        def refuse(portion, error, attempts: 1)
          fates = Fates.new([], {}, [])
          marks = portion.units.each_index.map do |index|
            fail_unit(portion, index, error, fates, attempts: attempts)
            [[index], []]
          end
          finish(portion, fates, marks)
        end

        private

        def report
          @run.report(@work.index, consumed: @consumed, latencies: @latencies) unless @consumed.zero?
          @consumed = 0
          @latencies = []
        end

        # @return [Integer] inputs that failed
        def take_note(portion, note, fates)
          failures, changes, lines, = Marshal.load(note)
          merge(changes, lines)
          tries = portion.tries.to_i
          failures.sum do |index, fault|
            error = Fault.load(fault)
            next fail_output(portion, error, fates) unless index

            fail_unit(portion, index, error, fates, attempt: tries, attempts: tries + portion.attempts + 1)
          end
        end

        # @return [Integer] inputs that failed for good
        def fail_unit(portion, index, error, fates, attempts:, attempt: nil)
          unit = portion.units[index]
          weight = @intake.weight(unit)
          seconds = @run.fail_item(@work.index, unit, error, attempt: attempt, attempts: attempts, weight: weight) do |instead|
            fates.instead[index] = instead
          end
          return weight unless seconds

          try_again(portion.part(index, 1), seconds)
          fates.again << index
          0
        end

        # An output that could not be carried. Whose it is, is known where there is but one unit.
        # @return [Integer] inputs that failed
        def fail_output(portion, error, fates)
          unit = portion.size == 1 ? portion.units[0] : nil
          @run.fail_item(@work.index, unit, error) { |instead| fates.rest.concat(instead) }
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

        def finish(portion, fates, outputs)
          outputs = fates.place(outputs, portion.size)
          return finish_in_order(portion, fates, outputs) if @order

          pass_on(outputs.values.flatten(1), weight(portion) - weight(portion, fates.again))
        end

        def finish_in_order(portion, fates, outputs)
          ((0...portion.size).to_a - fates.again).each do |index|
            @order.finish(portion.keys[index], outputs[index] || [], @intake.weight(portion.units[index]))
          end
          @order.advance
        end

        # Inputs that a portion stands for, or some units of it.
        def weight(portion, indexes = nil)
          return indexes ? indexes.size : portion.size unless @work.batch_size

          (indexes ? portion.units.values_at(*indexes) : portion.units).sum { |unit| @intake.weight(unit) }
        end

        def pass_on(outputs, weight)
          outputs.each do |target, items|
            last = @outputs.last
            next @outputs << [target, items] unless last && last[0] == target

            last[1].concat(items)
            items.replace(NOTHING)
          end
          @finished += weight
        end

        def publish((target, items))
          @run.publish(@work.index, target, items)
          items.replace(NOTHING)
        rescue ArgumentError # the stage has ended; the inputs of these outputs are done by now
          @run.undeliverable(target, items)
        end
      end
    end
  end
end
