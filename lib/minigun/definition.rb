# frozen_string_literal: true

module Minigun
  # Everything a class says about its pipelines, as data: one ordered list of
  # recorded calls and unevaluated blocks, which can be replayed any number of times.
  class Definition
    include Enumerable

    # One recorded call of a word.
    class Entry
      attr_reader :word, :arguments, :options, :block, :place

      # @param caller_place [Object, nil] where a call without block stands, if that identifies it
      def initialize(word, arguments, options, block, caller_place = nil)
        @word, @arguments, @options, @block = word, arguments, options, block
        position = block ? block.source_location : caller_place
        @place = [position, word, arguments.first] if position
        freeze
      end

      def pipeline_block? = word == :pipeline

      # A line that runs several times in one reading of its file has one compiled
      # body; a file that is read again has another.
      def body
        block ? RubyVM::InstructionSequence.of(block) : self
      end

      # The column its block begins at; nil if there is no telling.
      def self.column(body)
        body.to_a[4][:code_location]&.at(1) if body.is_a?(RubyVM::InstructionSequence)
      end
    end

    # The entries of one place in a file, and how far the current reading has got.
    class Place
      def initialize
        @indexes = []
        @body = nil
        @read = 0
      end

      # Several blocks of one line are told apart by their columns.
      def of?(body)
        body.equal?(@body) || Entry.column(body) == Entry.column(@body)
      end

      # The index of the entry that this reading replaces, nil for a new one.
      def reread(body)
        @body, @read = body, 0 unless body.equal?(@body)
        @read += 1
        @indexes[@read - 1]
      end

      def append(index) = @indexes << index
    end

    # Identifies a call that has neither name nor block, by its way from the top of its file.
    def self.place(callers)
      top = callers.index { |caller| caller.label.start_with?("<") } || callers.size
      callers.first(top + 1).map(&:to_s)
    end

    def initialize(inherited = [])
      @entries = inherited
      @own = {}
    end

    # Appends an entry, or puts it in place of the own one that it re-reads.
    #
    # @return [Boolean] was one replaced?
    def add(entry)
      place = place_of(entry) if entry.place
      former = place&.reread(entry.body)
      @entries[former || @entries.size] = entry
      place&.append(@entries.size - 1) unless former
      !former.nil?
    end

    def each(&block) = @entries.each(&block)

    # A copy for a subclass: all entries, none of them its own.
    def inherit = Definition.new(@entries.dup)

    private

    def place_of(entry)
      places = @own[entry.place] ||= []
      places.find { |place| place.of?(entry.body) } || Place.new.tap { |place| places << place }
    end
  end
end
