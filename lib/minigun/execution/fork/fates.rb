# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # What became of the failed units of a portion, by their indexes.
      #
      # again: those to be tried again; instead: what replaces a unit, alone in an Array; rest: what
      # replaces outputs of nobody knows which.
      Fates = Struct.new(:again, :instead, :rest) do
        # Tells which unit outputs have to wait for, where order is to be kept, and puts what replaces
        # a unit where that failed.
        # @param outputs [Array] [target, items], and [[index], []] where a unit failed
        # @param size [Integer] units
        # @return [Hash{Integer => Array}] by the index of the first unit that they may be of
        def place(outputs, size)
          left = instead.dup
          groups = []
          placed = { 0 => groups }
          outputs.each do |target, items|
            next groups << [target, items] unless target.is_a?(Array)

            unit = target.first
            groups << [nil, left.delete(unit)] if left.key?(unit)
            groups = placed[unit + 1] = []
          end
          left.each_value { |items| rest.concat(items) }
          (placed[((0...size).to_a - again).last || 0] ||= []) << [nil, rest] unless rest.empty?
          placed
        end
      end
    end
  end
end
