# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Restores the order of input behind workers that finish in any order.
      class Order
        # Units that may be given out beyond the oldest unfinished one.
        SPAN = 16_384

        # @yield [outputs, units] what is to be passed on now
        def initialize(&pass_on)
          @pass_on = pass_on
          @next = 0
          @given = 0
          @held = {}
        end

        # @return [Array<Integer>] places for so many units more
        def keys(count)
          keys = Array.new(count) { |index| @given + index }
          @given += count
          keys
        end

        def full? = @given - @next >= SPAN

        # @param key [Integer] of a unit that is finished
        # @param outputs [Array]
        # @param weight [Integer] inputs that it stands for
        def finish(key, outputs, weight)
          @held[key] = [outputs, weight]
        end

        # Passes on what nothing unfinished stands before.
        def advance
          while (outputs, weight = @held.delete(@next))
            @next += 1
            @pass_on.call(outputs, weight)
          end
        end
      end
    end
  end
end
