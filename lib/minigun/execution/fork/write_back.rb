# frozen_string_literal: true

require "set"

module Minigun
  module Execution
    module Fork
      # Brings into the parent what a child changed in the instance variables of the user object.
      #
      # The child keeps what each variable held when the parent last heard of it, and sends the
      # difference: a suffix for an Array, per key for a Hash, members for a Set, a difference for a number, the value
      # for anything else. The parent merges it into what it has by then; containers stay the
      # objects they are. What Marshal can't carry is left out, variable by variable, key by key.
      module WriteBack
        # The child's side.
        class Recorder
          # @param object [Object] the user object, as of the fork
          # @param place [String] pipeline and stage, for messages
          def initialize(object, place = "")
            @object, @place = object, place
            @pairs = Sight.variables(object)
            @known = @pairs.each_slice(2).to_h { |name, value| [name, State.of(value, Set.new.compare_by_identity)] }
            @counted = @known.filter_map { |name, state| name if state.number? }
          end

          # What has changed since the last call.
          # @return [String, nil] for WriteBack.merge; nil if nothing has
          def changes
            suspects = Sight.suspects(@object, @pairs)
            return if suspects.empty?

            seen = {}.compare_by_identity
            changes = suspects.filter_map do |name|
              change = change_of(name, seen)
              next unless change

              bytes = Packing.pack(change)
              bytes ? [name, bytes] : left_out(name, change)
            end
            return if changes.empty?

            @pairs = Sight.variables(@object)
            Marshal.dump(changes)
          end

          private

          GET = Kernel.instance_method(:instance_variable_get)
          COLLECTED = %i[append replace members].freeze
          private_constant :GET, :COLLECTED

          # Objects a child holds for itself, like connections, are left out quietly, results are not.
          def left_out(name, change)
            return unless COLLECTED.include?(change[0]) && (@left_out ||= Set.new).add?(name)

            Minigun.logger.warn("#{@place} what a child added to #{name} stays there: Marshal can't copy all of it; add plain data")
            nil
          end

          def value_of(name) = GET.bind_call(@object, name)

          def change_of(name, seen)
            value = value_of(name)
            return if value.equal?(@object)
            return alias_of(name, value, seen) if seen.key?(value)

            seen[value] = name if value.is_a?(Array) || value.is_a?(Hash)
            state = @known[name]
            @known[name], change = State.advance(state, value, seen)
            # A number that was none at the fork is set, however often it changes.
            return [:set, value] if change && change[0] == :add && !@counted.include?(name)

            change
          end

          # A container that another variable holds as well is sent once.
          def alias_of(name, value, seen)
            return if @known[name]&.holds?(value)

            @known[name] = State.of(value, Set.new.compare_by_identity)
            seen[value].is_a?(Symbol) ? [:same, seen[value]] : [:set, value]
          end
        end

        # Dumps a change, without the parts of it that can't be.
        module Packing
          module_function

          def pack(change)
            Marshal.dump(change)
          rescue StandardError, SystemStackError, ScriptError
            kept = change[0] == :keys && change[1].filter_map { |key, part| reduced(key, part) }
            kept && !kept.empty? ? Marshal.dump([:keys, kept, []]) : nil
          end

          # @return [Array, nil] the pair of key and change, as far as it can be dumped
          def reduced(key, change)
            Marshal.dump(key)
            bytes = pack(change)
            bytes && [key, Marshal.load(bytes)]
          rescue StandardError, SystemStackError, ScriptError
            nil
          end
        end

        module_function

        # The parent's side: merges what Recorder#changes gave.
        # @param object [Object] the user object
        # @param bytes [String]
        # @return [void]
        def merge(object, bytes)
          Marshal.load(bytes).each do |name, packed|
            change = Marshal.load(packed)
            before = object.instance_variable_get(name)
            after = change[0] == :same ? object.instance_variable_get(change[1]) : Merge.apply(change, before)
            object.instance_variable_set(name, after) unless after.equal?(before) && !after.nil?
          rescue StandardError, SystemStackError, ScriptError
            next # a class the parent doesn't know, a frozen object
          end
        end
      end
    end
  end
end

require_relative "state"
require_relative "set_state"
require_relative "merge"
