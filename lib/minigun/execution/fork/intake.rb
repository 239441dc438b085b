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
          @batch = []
          @kept = 0
          @again = []
          @ready = []
          @ended = false
        end

        # @return [Boolean] whether nothing more can come
        def empty? = @ended && @again.empty? && @ready.empty?

        # @return [Boolean] whether the input may still bring something
        def open? = !@ended && !@order&.full?

        # @return [Boolean] whether there is something at hand that is no longer in the input
        def waiting? = !@again.empty? || !@ready.empty?

        # How many units are at hand; looks for up to so many.
        def look(most)
          nil while @ready.size < most && open? && fetched?(most)
          @ready.size
        end

        # Puts work back, to be given out next.
        def again(portion) = @again.unshift(portion)

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

        # Waits for input, which is not at hand before it is stored.
        # @return [Array, nil] for #store
        def wait(most) = fetch(most, nil)

        # @param items [Array, nil] nil at the end
        def store(items)
          return store_batches(items) if @batch_size

          items ? @ready.concat(items) : @ended = true
        end

        # Inputs that a unit stands for.
        def weight(unit) = @batch_size ? unit.size : 1

        private

        def fetched?(most)
          before = @ready.size
          store(fetch(most - before, 0))
          @ready.size > before
        end

        def fetch(most, timeout)
          return @input.take([most, 1].max, timeout) unless @batch_size

          timeout ||= [@due - now, 0].max if @due
          @input.take(@batch_size - @batch.size, timeout)
        end

        def store_batches(items)
          items&.each { |item| @batch << item }
          @ended = true unless items
          @due ||= now + @batch_wait if @batch_wait && !@batch.empty?
          complete? ? pass_on : keep(items)
        end

        def complete?
          @batch.size >= @batch_size || (!@batch.empty? && (@ended || (@due && now >= @due)))
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

        def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
