# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      module WriteBack
        # Puts the change of a value in a child to that in the parent.
        module Merge
          module_function

          # @param change [Array] see State
          # @param current [Object, nil] the parent's value
          # @param in_hash [Boolean] whether it is the value of a key
          # @return [Object] what the parent is to hold: the same container wherever that can be
          def apply(change, current, in_hash: false)
            kind, first, second = change
            case kind
            when :append then append(current, first)
            when :replace then current.is_a?(Array) && !current.frozen? ? current.replace(first) : first
            when :keys then keys(current, first, second)
            when :members then members(current, first, second)
            when :add then add(current, first, second)
            when :new then merge_new(current, first, in_hash)
            else first
            end
          end

          # @api private
          def append(current, items)
            return items unless current.is_a?(Array)

            current.frozen? ? current + items : current.concat(items)
          end

          # @api private
          def keys(current, pairs, gone)
            table = current.is_a?(Hash) && !current.frozen? ? current : current.to_h.dup
            pairs.each do |key, change|
              before = table.fetch(key, nil)
              after = apply(change, before, in_hash: true)
              table[key] = after unless after.equal?(before) && table.key?(key)
            end
            gone.each { |key| table.delete(key) }
            table
          end

          # @api private
          def members(current, added, gone)
            set = current.is_a?(Set) && !current.frozen? ? current : Set.new(current.is_a?(Set) ? current : [])
            set.merge(added).subtract(gone)
          end

          # @api private
          def add(current, before, now)
            return now if !current.is_a?(Numeric) || current.eql?(before)

            current + (now - before)
          end

          # @api private
          def merge_new(current, value, in_hash)
            return append(current, value) if value.is_a?(Array) && current.is_a?(Array)
            return members(current, value, []) if value.is_a?(Set) && current.is_a?(Set)
            return current + value if in_hash && value.is_a?(Numeric) && current.is_a?(Numeric)
            return value unless value.is_a?(Hash) && current.is_a?(Hash)

            keys(current, value.map { |key, part| [key, [:new, part]] }, [])
          end
        end
      end
    end
  end
end
