# frozen_string_literal: true

require "set"

module Minigun
  module Execution
    module Fork
      module WriteBack
        # A Set is known by its members, in their order.
        class SetState < State
          def initialize(set)
            super(set)
            @members = set.to_a
          end

          def follows?(value) = value.is_a?(Set) && !value.compare_by_identity?

          def change_to(value, _seen)
            return [:set, value] unless follows?(value)

            @value = value
            former, @members = @members, value.to_a
            added, gone = difference(former, value)
            [:members, added, gone] unless added.empty? && gone.empty?
          end

          private

          def difference(former, value)
            return [@members.drop(former.size), []] if Sight.prefix?(@members, former)

            known = former.to_set
            [@members.reject { |member| known.include?(member) }, former.reject { |member| value.include?(member) }]
          end
        end

        Sight.watch_sets(Set)
      end
    end
  end
end
