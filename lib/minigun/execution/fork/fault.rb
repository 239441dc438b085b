# frozen_string_literal: true

require_relative "../../errors"

module Minigun
  module Execution
    module Fork
      # An exception on its way from a child to the parent: whole where Marshal can carry it, else
      # as a RemoteError with what could be told of it.
      module Fault
        module_function

        # @param error [Exception]
        # @return [Array] what #load understands; nothing in it that Marshal can't dump
        def dump(error)
          [name_of(error.class), text { error.message }, lines { error.backtrace }, whole(error)]
        end

        # @param parts [Array] what #dump gave
        # @return [Exception]
        def load(parts)
          name, message, backtrace, bytes = parts
          rebuilt(bytes) || RemoteError.new("#{name}: #{message}", original_class: name).tap do |error|
            error.set_backtrace(backtrace)
          end
        end

        # The error of an item that Marshal can't copy, with what to do about it.
        #
        # @param way [String] "go to" or "leave" a worker process
        # @return [Exception]
        def unsendable(error, way)
          error.exception("#{error.message}: items #{way} a worker process as copies made by Marshal; send plain data")
        rescue StandardError, SystemStackError, ScriptError
          error
        end

        # @param rejected [Array] index and exception of outputs that could not be sent
        # @return [Array] the failures they are
        def unsent(rejected) = rejected.map { |_, error| [nil, unsendable(error, "leave")] }

        # @api private
        def whole(error)
          Marshal.dump(error)
        rescue StandardError, SystemStackError, ScriptError
          nil
        end

        # @api private
        def rebuilt(bytes)
          error = bytes && Marshal.load(bytes)
          error if error.is_a?(Exception)
        rescue StandardError, SystemStackError, ScriptError
          nil
        end

        # @api private
        def name_of(klass)
          klass.name || klass.to_s
        rescue StandardError, SystemStackError, ScriptError
          Module.instance_method(:to_s).bind_call(klass)
        end

        # @api private
        def text
          String.new(String(yield))
        rescue StandardError, SystemStackError, ScriptError
          ""
        end

        # @api private
        def lines
          Array(yield).map { |line| String.new(String(line)) }
        rescue StandardError, SystemStackError, ScriptError
          []
        end
      end
    end
  end
end
