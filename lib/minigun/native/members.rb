# frozen_string_literal: true

module Minigun
  module Native
    # Members of JSON objects by name, and by path where they stand in objects within.
    module Members
      module_function

      # @param members [Hash, Array, String, Symbol, nil] names or paths; a Hash has columns as keys
      # @return [Array<Array(String, String)>] see native/json.c
      def select(members)
        return members.flat_map { |column, path| [["select", pointer(path)], ["as", column.to_s]] } if members.is_a?(Hash)

        (members.is_a?(Array) ? members : [members].compact).flat_map do |path|
          name = path.is_a?(Array) ? path.join(".") : path.to_s
          pointer = pointer(path)
          pointer == name ? [["select", name]] : [["select", pointer], ["as", name]]
        end
      end

      # A name as it is, a path as a JSON pointer (RFC 6901).
      # @param path [String, Symbol, Array<String, Symbol>]
      # @return [String]
      # @raise [ArgumentError]
      def pointer(path)
        names = path.is_a?(Array) ? path : [path]
        unless names.any? && names.all? { |name| name.is_a?(String) || name.is_a?(Symbol) }
          raise ArgumentError, "a member is a name, or an Array of names from the outside in, not #{path.inspect}"
        end
        return names.first.to_s unless path.is_a?(Array) || path.start_with?("/")

        names.map { |name| "/#{name.to_s.gsub("~", "~0").gsub("/", "~1")}" }.join
      end
    end
  end
end
