# frozen_string_literal: true

module Minigun
  module Native
    # Conditions on columns: a value, an Array of values, a Range, or `{ not: ... }` of a value
    # or several. Integers of more than 64 bits are compared as Floats.
    #
    #   where: { "status" => 500.., "method" => %w[GET HEAD], "user" => { not: nil } }
    module Where
      module_function

      # @yield [Object] a key, to be made a name
      # @return [Array<Array(String, Object)>] see native/where.h
      def pairs(conditions, &name)
        return [] if conditions.nil?
        raise ArgumentError, "where: takes a Hash, not #{conditions.inspect}" unless conditions.is_a?(Hash)

        name ||= :to_s.to_proc
        conditions.flat_map { |column, condition| [["where", name.call(column)], *condition(column, condition)] }
      end

      def condition(column, condition)
        case condition
        when Range then range(column, condition)
        when [] then raise ArgumentError, "where: #{column}: an empty Array lets nothing through"
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
        when Integer then value.bit_length > 63 ? value.to_f : value
        when String, Float, true, false, nil then value
        else raise ArgumentError, "where: #{column}: can't compare with #{value.inspect}"
        end
      end
    end
  end
end
