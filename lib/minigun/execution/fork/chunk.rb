# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Items on their way to a worker, or back from one that died.
      #
      # units: what the step is called with, one at a time; keys: their places in the order of input,
      # where that is to be kept, else nil; attempts: workers that died of the only unit.
      Portion = Struct.new(:units, :keys, :attempts) do
        def size = units.size

        # @return [Portion] the units from one index on, at most so many
        def part(from, count) = Portion.new(units[from, count], keys && keys[from, count], attempts)
      end

      # A portion in a worker's hands. done: units whose results have come.
      Chunk = Struct.new(:sequence, :portion, :done) do
        def size = portion.size

        def left = size - done
      end
    end
  end
end
