# frozen_string_literal: true

require_relative "chunk"
require_relative "order"

module Minigun
  module Execution
    module Fork
      # Where a pool's work comes from: what has to be done again, then the step's input. For an
      # accumulator the input is collected into batches, and a batch is one unit of work.
      class Intake
        # @param work [Work]
        # @param order [Order, nil]
        def initialize(input, work, order)
          @input, @order = input, order
          @batch_size, @batch_wait = work.batch_size, work.batch_wait
          @retries = work.retries?
          @away = 0
          @batch = []
          @kept = 0
          @again = []
          @ready = []
          @ended = false
        end

        # @return [Boolean] whether nothing more can come
        def empty? = @ended && @away.zero? && @again.empty? && @ready.empty?

        # @return [Boolean] whether the input may still bring something
        def open? = (!@ended && !@order&.full?) || @away.positive?

        # @return [Boolean] whether there is something at hand that is no longer in the input
        def waiting? = !@again.empty? || !@ready.empty?

        # How many units are at hand; looks for up to so many.
        def look(most)
          nil while @ready.size < most && open? && store(fetch(most - @ready.size))
          @ready.size
        end

        # Puts work back, to be given out next.
        def again(portion) = @again.unshift(portion)

        # Expects a portion that waits to be tried again as input.
        def expect(portion)
          @away += 1
          @input.settle(portion.units.sum { |unit| weight(unit) })
        end

        # What was put back, whole.
        # @return [Portion, nil]
        def redo = @again.shift

        # Up to so many units that are at hand.
        # @return [Portion, nil]
        def take(most)
          return if @ready.empty?

          units = @ready.size <= most ? @ready : @ready.shift(most)
          @ready = [] if units.equal?(@ready)
          Portion.new(units, @order&.keys(units.size), 0)
        end

        # Has the exchange's waits end when there is input.
        # @return [Boolean] whether there is none yet
        def quiet?(exchange) = @input.listen(exchange)

        # @return [Integer, nil] milliseconds until a batch is due, though it isn't full
        def due = @due && [((@due - Clock.now) * 1000).ceil, 0].max

        # Inputs that a unit stands for.
        def weight(unit) = @batch_size ? unit.size : 1

        private

        # What the input has now.
        # @return [Array, nil] nil at its end
        def fetch(most)
          @input.take(@batch_size ? @batch_size - @batch.size : most, 0)
        end

        # The input counts it as one.
        def take_up(portion)
          @away -= 1
          @input.resume(portion.units.sum { |unit| weight(unit) } - 1)
          again(portion)
        end

        # @param items [Array, nil] nil at the end; portions among them are to be tried again
        # @return [Boolean] whether there may be more
        def store(items)
          items = items.reject { |item| item.is_a?(Portion) && take_up(item) } if @retries && items
          @ended = true unless items
          more = !@ended && !items.empty?
          @batch_size ? store_batches(items) : @ready.concat(items || NOTHING)
          items&.replace(NOTHING)
          more
        end

        def store_batches(items)
          items&.each { |item| @batch << item }
          @due ||= Clock.now + @batch_wait if @batch_wait && !@batch.empty?
          complete? ? pass_on : keep(items)
        end

        def complete?
          @batch.size >= @batch_size || (!@batch.empty? && (@ended || (@due && Clock.now >= @due)))
        end

        # Items of an unfilled batch don't hold up the end of the stream.
        def keep(items)
          return if items.nil? || items.empty?

          @input.keep(items.size)
          @kept += items.size
        end

        def pass_on
          @input.resume(@kept)
          @kept = 0
          @ready << @batch
          @batch = []
          @due = nil
        end
      end
    end
  end
end
