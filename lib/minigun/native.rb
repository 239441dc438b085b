# frozen_string_literal: true

module Minigun
  # The folder of the header that a native stage is compiled against:
  #
  #   # in extconf.rb
  #   $INCFLAGS << " -I#{Minigun.include_dir}"
  #   # in C
  #   #include <core/stage.h>
  #
  # @return [String]
  def self.include_dir = File.expand_path("../../ext/minigun", __dir__)

  # Stages written in C: see core/stage.h for what one is. They are known by name; those
  # that ship with minigun are there from the start.
  module Native
    {
      Chain: "chain", Faces: "faces", Files: "files", Fork: "fork", Fuse: "fuse", Members: "members",
      Options: "options", Pattern: "pattern", Segment: "segment", Stage: "stage", Where: "where", Words: "words"
    }.each { |name, file| autoload name, File.join(__dir__, "native", file) }

    # A record that a stage could not work on, and where it came from.
    Reject = Struct.new(:stage, :code, :text, :source, :line, :offset, :record) do
      # @return [String] as file:line where that is known
      def place
        [source, line || (offset && "byte #{offset}")].compact.join(":")
      end

      def message
        place.empty? ? text : "#{place}: #{text}"
      end
    end

    @stages = {}
    @lock = Mutex.new
    @registry = Mutex.new

    class << self
      # Makes a native stage known.
      #
      # @param name [Symbol, String] none that an option of stages has
      # @param pointer [Integer, #to_i] address of a constant mg_stage_t that is never freed
      # @return [Symbol] the name
      # @raise [ArgumentError] no such stage, one of another ABI version, or a name that is taken
      def register(name, pointer)
        address = pointer.respond_to?(:to_i) && !pointer.is_a?(String) ? pointer.to_i : Integer(pointer)
        check(address)
        raise ArgumentError, "the name is that of an option" if Minigun::Options::KNOWN.include?(name.to_sym)

        @registry.synchronize { claim(name.to_sym, address) }
      rescue ArgumentError, TypeError => e
        raise ArgumentError, "native stage #{name}: #{e.message}"
      end

      # Makes a stage of a shared object known. The library stays loaded.
      #
      # @param path [String] of the shared object
      # @param symbol [String, Symbol] name of the mg_stage_t that it exports
      # @param as [Symbol, String] what the stage is called
      # @return [Symbol] that name
      # @raise [NativeError] no such library, or no such symbol in it
      # @raise [ArgumentError] as #register
      def load(path, symbol, as: symbol)
        register(as, symbol(File.expand_path(path), symbol.to_s))
      end

      # @return [Integer] the stage's address
      # @raise [ArgumentError] unknown
      def [](name)
        load_shipped unless @stages.key?(name.to_sym)
        @stages.fetch(name.to_sym) do
          raise ArgumentError, "there is no native stage #{name}; there are #{@stages.keys.sort.join(", ")}"
        end
      end

      def known?(name)
        load_shipped unless @stages.key?(name.to_sym)
        @stages.key?(name.to_sym)
      end

      # @return [Array<Symbol>] all names
      def stages
        load_shipped
        @stages.keys
      end

      # Is it one that reads for itself?
      def source?(name) = source_address?(self[name])

      private

      # The same one may be handed over again, as when a file is loaded twice.
      def claim(name, address)
        taken = @stages[name] && @stages[name] != address
        raise ArgumentError, "there is another one of that name; load it as something else" if taken

        @stages[name] = address
        name
      end

      def load_shipped
        @lock.synchronize do
          next if @shipped

          begin
            require_relative "stages"
          rescue LoadError
            require "minigun/stages"
          end
          @shipped = true
        end
      end
    end
  end
end
