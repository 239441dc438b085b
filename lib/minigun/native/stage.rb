# frozen_string_literal: true

module Minigun
  module Native
    # A stage written in C, as a stage of a pipeline.
    class Stage < Minigun::Stage
      # @return [Symbol] what it is known as
      def native_name = options.fetch(:native).first

      # @return [Object] what it was told
      def native_options = options.fetch(:native).last

      # @api private
      def native? = true

      # Does it read for itself?
      def producer? = Native.source?(native_name)

      # Do rows that it gives to Ruby have Symbols as keys?
      def symbols? = options.fetch(:symbols, false)

      # What stages of one chain have in common.
      def manner
        [options.fetch(:ordered) { pipeline&.config&.fetch(:ordered, false) }, options[:workers]]
      end

      def signature
        @signature ||= producer? ? Signature[:producer, :none] : Signature[:each, :item]
      end

      # What its own step does with items: it has none, see Fuse.
      def call(*)
        raise Error, "the native stage #{name.inspect} takes items only through its edges"
      end
    end
  end
end
