# frozen_string_literal: true

module Minigun
  # Replays a definition on a task, with an object as self of its blocks.
  class Replay
    # What a block raises that can't be evaluated without an instance.
    NEEDS_INSTANCE = [NameError, TypeError].freeze

    # @param strict [Boolean] may blocks define a name only once?
    def initialize(task, object, strict: true)
      @pipeline = task.own_pipeline
      @object = object
      @builder = Builder.new(@pipeline, object: object, strict: strict)
    end

    def call(entries)
      entries.each { |entry| apply(entry) }
    end

    # As #call, but blocks that need an instance are left out.
    def call_leniently(entries)
      entries.each do |entry|
        state = @pipeline.state if entry.pipeline_block?
        apply(entry)
      rescue *NEEDS_INSTANCE
        @pipeline.restore(state) if state
      end
    end

    private

    def apply(entry)
      @builder.public_send(entry.word, *entry.arguments, **entry.options, &entry.block)
    end
  end
end
