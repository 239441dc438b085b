# frozen_string_literal: true

module Minigun
  module Native
    # What is written in Ruby as the list of names and values that a native stage reads.
    module Options
      SCALARS = [String, Symbol, Integer, Float, TrueClass, FalseClass, NilClass].freeze

      module_function

      # @param stage [Symbol] name of the stage
      # @param value [Object] a Hash of options, or what the stage's face takes instead
      # @param place [String] what the log calls it
      # @return [Array<Array(String, Object)>]
      # @raise [ArgumentError]
      def pairs(stage, value, place)
        return Faces.public_send(stage, value) { |text| Minigun.logger.warn { "#{place}: #{text}" } } if Faces.shipped?(stage)

        flatten(value.is_a?(Hash) ? value : { value: value })
      rescue ArgumentError, TypeError => e
        raise ArgumentError, "native stage #{stage}: #{e.message}"
      end

      # As #pairs, for a stage among its neighbours, of the same chain or not: what is packed is no
      # line, and newlines within quotes end no record of CSV.
      #
      # @param before [Array<Symbol>] names of the native stages that feed it
      # @param after [Array<Symbol>] of those that it feeds
      # @param place [String] what the log calls it
      def between(before, stage, value, after, place: "native stage #{stage}")
        pairs = pairs(stage, value, place)
        return default(pairs, "delimiter", "") if stage == :write && before.include?(:compress)
        return default(pairs, "quoted", true) if stage == :lines && after.include?(:csv)

        pairs
      end

      def default(pairs, name, value)
        pairs.any? { |known, _| known == name } ? pairs : pairs + [[name, value]]
      end

      # Arrays repeat the name, nested Hashes prefix it.
      def flatten(hash, prefix = nil)
        hash.flat_map do |name, value|
          name = [prefix, name].compact.join(".")
          case value
          when Hash then flatten(value, name)
          when Array then value.map { |one| [name, scalar(name, one)] }
          else [[name, scalar(name, value)]]
          end
        end
      end

      def scalar(name, value)
        value = value.to_path if value.respond_to?(:to_path) && !value.is_a?(IO)
        return value if SCALARS.any? { |kind| value.is_a?(kind) }

        raise ArgumentError, "#{name}: takes Strings, Symbols, numbers, true, false and nil, not #{value.inspect}"
      end

      # Refuses options that the stage doesn't know.
      def only(options, *known)
        strange = options.keys.map(&:to_sym) - known
        return if strange.empty?

        raise ArgumentError, "unknown option #{strange.map { |name| "#{name}:" }.join(", ")}; " \
                             "there are #{known.map { |name| "#{name}:" }.join(", ")}"
      end
    end
  end
end
