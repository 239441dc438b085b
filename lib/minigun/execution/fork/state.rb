# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      module WriteBack
        # What the parent knows of a value in a child. A State is compared with the value of now by
        # State.advance, which gives the State that follows and the change between the two.
        #
        # Changes: [:append, items] to an Array, [:replace, items] of an Array, [:keys, pairs, gone] of a
        # Hash, [:members, added, gone] of a Set, [:add, before, now] of a number, [:set, value], [:new, value] where there was nothing.
        class State
          # A container found inside itself, or in two places, is followed once.
          # @param seen [Set] containers met already, by identity
          def self.of(value, seen)
            case value
            when Array then ListState.new(value)
            when Hash
              value.compare_by_identity? || !seen.add?(value) ? State.new(value) : TableState.new(value, seen)
            when String then TextState.new(value)
            when Set then value.compare_by_identity? ? State.new(value) : SetState.new(value)
            else State.new(value)
            end
          end

          # @param state [State, nil] nil where there was nothing
          # @param seen [Hash] containers met already, by identity
          # @return [Array(State, Array)] the change is nil if there is none
          def self.advance(state, value, seen)
            return [of(value, Set.new.compare_by_identity), [:new, value]] if state.nil? || (state.nothing? && !value.nil?)

            change = state.change_to(value, seen)
            return [state, change] if state.follows?(value)

            change ? [of(value, Set.new.compare_by_identity), change] : [state, nil]
          end

          def initialize(value)
            @value = value
          end

          def number? = @value.is_a?(Numeric)

          def nothing? = @value.nil?

          def holds?(value) = @value.equal?(value)

          # Whether it has taken the change to the value in.
          def follows?(_value) = false

          def change_to(value, _seen)
            return if @value.equal?(value)
            return [:set, value] unless number? && value.is_a?(Numeric)

            [:add, @value, value] unless @value.eql?(value)
          end
        end

        # A String is known by its content.
        class TextState < State
          def initialize(text)
            super(text.dup.freeze)
            @text = text
          end

          def holds?(value) = @text.equal?(value)

          def change_to(value, _seen)
            return [:set, value] unless value.is_a?(String)

            [:set, value] unless @value == value && @value.encoding == value.encoding
          end
        end

        # An Array is known by the identity of its elements.
        class ListState < State
          def initialize(list)
            super([])
            take(list)
          end

          def holds?(value) = @list.equal?(value)

          def follows?(value) = value.is_a?(Array)

          def change_to(value, _seen)
            return [:set, value] unless value.is_a?(Array)
            return replacement(value) unless Sight.prefix?(value, @value)

            @list = value
            return share if value.size == @value.size

            added = Array.new(value[@value.size..])
            @value.concat(added)
            [:append, added]
          end

          private

          # A list that rests is cheap to compare with a copy that shares its memory.
          def share
            take(@list) && nil
          end

          def replacement(list)
            take(list)
            [:replace, Array.new(list)]
          end

          def take(list)
            @list = list
            @value = Array.new(list)
          end
        end

        # A Hash is known key by key. What stays the same object without being able to change is known
        # by a copy of the Hash alone, so large Hashes of numbers and symbols are cheap.
        class TableState < State
          def initialize(table, seen)
            super(table)
            @pairs = Sight.pairs(table)
            @states = Sight.changeable_keys(table).to_h { |key| [key, State.of(table[key], seen)] }
          end

          def follows?(value) = value.is_a?(Hash) && !value.compare_by_identity?

          def change_to(value, seen)
            return [:set, value] unless follows?(value)

            @value = value
            changes, gone = Sight.pairs?(value, @pairs) ? [[], []] : changes_of_keys(value, seen)
            changes.concat(changed_inside(value, seen))
            [:keys, changes, gone] unless changes.empty? && gone.empty?
          end

          private

          def changes_of_keys(value, seen)
            @copy = Sight.table(@pairs)
            changes = Sight.changed_keys(value, @copy).filter_map { |key| changed(key, value[key], seen) }
            gone = gone_from(value)
            @copy = nil
            @pairs = Sight.pairs(value)
            [changes, gone]
          end

          # A key that is new, or holds another object.
          def changed(key, part, seen)
            state = @states.delete(key) || (State.new(@copy[key]) if @copy.key?(key))
            @copy[key] = part
            return if met?(part, seen)

            following, change = State.advance(state, part, seen)
            @states[key] = following if changeable?(part)
            [key, change] if change
          end

          def changed_inside(value, seen)
            @states.filter_map do |key, state|
              part = value.fetch(key) { next }
              next if met?(part, seen)

              following, change = State.advance(state, part, seen)
              @states[key] = following
              [key, change] if change
            end
          end

          def gone_from(value)
            return [] if @copy.size == value.size

            gone = @copy.keys.reject { |key| value.key?(key) }
            gone.each { |key| [@copy, @states].each { |table| table.delete(key) } }
          end

          def met?(part, seen)
            return false unless part.is_a?(Array) || part.is_a?(Hash)
            return true if seen.key?(part)

            seen[part] = false
            false
          end

          def changeable?(part) = [Array, Hash, String, Set].any? { |type| part.is_a?(type) }
        end
      end
    end
  end
end
