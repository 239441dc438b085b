# frozen_string_literal: true

module Minigun
  module Native
    # Paths and IO objects as options of native stages, which know paths and descriptors only.
    module Files
      module_function

      # @param object [String, #to_path, IO]
      # @return [Array<Array(String, Object)>]
      # @raise [ArgumentError] nothing that can be read from
      def input(object)
        return [["path", path(object)]] if path(object)

        io = descriptor(object)
        rewind(io)
        name(io)
      end

      # As #input, of what can be written to.
      def output(object)
        return [["path", path(object)]] if path(object)

        name(descriptor(object).tap(&:flush))
      end

      def path(object)
        return object.to_path if object.respond_to?(:to_path) && !object.is_a?(IO)

        object if object.is_a?(String)
      end

      def descriptor(object)
        io = IO.try_convert(object) unless defined?(Zlib::GzipFile) && object.is_a?(Zlib::GzipFile)
        raise ArgumentError, "#{object.class} is no path and has no descriptor: read it in Ruby, in a producer" unless io
        raise ArgumentError, "the #{io.class} is closed" if io.closed?

        io
      end

      # What Ruby has read ahead would be passed over.
      def rewind(io)
        io.sysseek(0, IO::SEEK_CUR)
      rescue Errno::ESPIPE
        nil
      rescue IOError
        begin
          io.seek(0, IO::SEEK_CUR)
        rescue Errno::ESPIPE
          raise ArgumentError, "#{io.inspect} was read from in Ruby, which has read ahead"
        end
      end

      def name(io)
        path = io.path if io.respond_to?(:path)
        path ? [["fd", io.fileno], ["name", path]] : [["fd", io.fileno]]
      end
    end
  end
end
