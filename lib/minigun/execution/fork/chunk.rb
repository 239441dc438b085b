# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Lists of items that nobody needs any more are given this for their content, which frees their
      # memory at once. There are many of them between two collections, and new pages are dear.
      NOTHING = [].freeze

      # Items on their way to a worker, or back from one that died.
      #
      # units: what the step is called with, one at a time; keys: their places in the order of input,
      # where that is to be kept, else nil; attempts: workers that died of the only unit; tries: how
      # often the stage's code failed on it.
      Portion = Struct.new(:units, :keys, :attempts, :tries) do
        def size = units.size

        # @return [Portion] the units from one index on, at most so many
        def part(from, count) = Portion.new(units[from, count], keys && keys[from, count], attempts, tries)

        # @return [Portion] the units but those at some indexes
        def without(indexes)
          return self if indexes.empty?

          good = (0...size).to_a - indexes
          Portion.new(units.values_at(*good), keys&.values_at(*good), attempts, tries)
        end
      end

      # A portion in a worker's hands. done: units whose results have come.
      Chunk = Struct.new(:sequence, :portion, :done) do
        def size = portion.size

        def left = size - done
      end
    end
  end
end
