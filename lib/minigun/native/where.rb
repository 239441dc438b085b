# frozen_string_literal: true

module Minigun
  module Native
    # Conditions on columns: a value, an Array of values, a Range, or `{ not: ... }` of a value
    # or several.
    #
    #   where: { "status" => 500.., "method" => %w[GET HEAD], "user" => { not: nil } }
    module Where
      module_function

      # @return [Array<Array(String, Object)>] see native/where.h
      def pairs(conditions)
        return [] if conditions.nil?
        raise ArgumentError, "where: takes a Hash, not #{conditions.inspect}" unless conditions.is_a?(Hash)

        conditions.flat_map { |column, condition| [["where", column.to_s], *condition(column, condition)] }
      end

      def condition(column, condition)
        case condition
        when Range then range(column, condition)
        when Array then condition.map { |value| ["eq", operand(column, value)] }
        when Hash
          raise ArgumentError, "where: #{column}: knows only not:" unless condition.keys == [:not]

          [condition[:not]].flatten(1).map { |value| ["ne", operand(column, value)] }
        else [["eq", operand(column, condition)]]
        end
      end

      def range(column, range)
        lower = range.begin.nil? ? [] : [["ge", operand(column, range.begin)]]
        upper = range.end.nil? ? [] : [[range.exclude_end? ? "lt" : "le", operand(column, range.end)]]
        lower + upper
      end

      def operand(column, value)
        case value
        when Symbol then value.to_s
        when String, Integer, Float, true, false, nil then value
        else raise ArgumentError, "where: #{column}: can't compare with #{value.inspect}"
        end
      end
    end
  end
end
