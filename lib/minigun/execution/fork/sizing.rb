# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # How many items to give out at once, by what they have cost so far.
      class Sizing
        # Seconds of work in a chunk.
        CHUNK = 0.001
        # Seconds of work that pay for a fork.
        FORK = 0.2
        # Growth from one chunk to the next, while the cost is hardly known.
        GROWTH = 8
        WEIGHT = 0.3

        # @param most [Integer] items at once
        def initialize(target, most)
          @target, @most = target, most
          @size = 1
          @cost = nil
        end

        # @return [Integer]
        attr_reader :size

        # @return [Float, nil] seconds that an item costs
        attr_reader :cost

        # @param items [Integer]
        # @param work [Integer] nanoseconds that they took
        # @param looking [Integer] and what it took to look for changes of the user object
        def observe(items, work, looking)
          return if items.zero?

          cost = work / 1e9 / items
          # A first time is dear, and what is scheduled badly is too; a low cost is nearer the truth.
          @cost = @cost && cost > @cost ? @cost + WEIGHT * (cost - @cost) : cost
          fitting = [@target, looking / 1e9 * Child::OVERHEAD].max / (@cost + 1e-9)
          @size = fitting.clamp(1, [@size * GROWTH, @most].min).to_i
        end
      end
    end
  end
end
