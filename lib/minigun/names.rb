# frozen_string_literal: true

module Minigun
  # Names of stages: Symbols and Strings with the same text are one name, and a
  # Stage stands for its own.
  module Names
    module_function

    # The form under which a name is stored in graphs and tables.
    #
    #   Minigun::Names.key("load") # => :load
    def key(name)
      case name
      when Symbol then name
      when String then name.to_sym
      when Stage then key(name.name)
      else raise ArgumentError, "a stage name is a Symbol or a String, not #{name.inspect}"
      end
    end

    # One name, one Stage, or an Array of them, as keys.
    def keys(names)
      names = Array(names)
      names.all?(Symbol) ? names : names.map { |name| key(name) }
    end

    # A Hash by stage name that finds its values by Symbol, String or Stage.
    class Table < Hash
      def [](name) = name.is_a?(Symbol) ? super : super(Table.key(name))

      def key?(name) = name.is_a?(Symbol) ? super : super(Table.key(name))

      def fetch(name, *default, &block) = super(Table.key(name), *default, &block)

      def delete(name, &block) = super(Table.key(name), &block)

      def []=(name, value)
        super(Table.key(name), value)
      end

      alias_method :store, :[]=
      alias_method :has_key?, :key?
      alias_method :include?, :key?
      alias_method :member?, :key?

      def values_at(*names) = names.map { |name| self[name] }

      # As Names.key, but a foreign object is left alone: it is in no table.
      def self.key(name)
        case name
        when Symbol then name
        when String, Stage then Names.key(name)
        else name
        end
      end
    end
  end
end
