# frozen_string_literal: true

module Minigun
  module Native
    # The word of definitions for native stages.
    module Words
      # A stage written in C: one option is named after it and holds what it is told, the
      # others are those of any stage.
      #
      #   native :read, lines: "access.log"
      #   native :keep, json: { select: %w[path bytes], where: { "status" => 500.. } }, to: :sum
      #
      # @param name [Symbol, String]
      # @raise [Minigun::Error] no native stage is named, or several are
      def native(name, options = {}, **more)
        options = options.merge(more)
        known = options.keys.select { |key| Native.known?(key) }
        unless known.size == 1
          raise Error, "pipeline #{@pipeline.name.inspect}, stage #{name.inspect}: native takes one native stage, " \
                       "and #{known.empty? ? "none is named" : "#{known.join(" and ")} are given"}; " \
                       "there are #{Native.stages.sort.join(", ")}"
        end
        word = known.first
        add(Native::Stage, name, options.except(word).merge(native: [word.to_sym, options[word]]), nil)
      end
    end
  end
end
