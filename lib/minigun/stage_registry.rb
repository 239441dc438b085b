# frozen_string_literal: true

module Minigun
  # Finds stages by name: in a pipeline itself, then below it, then everywhere.
  class StageRegistry
    def initialize(root)
      @root = root
    end

    # The stage a name means in a pipeline, or nil.
    #
    # @raise [AmbiguousRoutingError] if several stages match equally well
    def find_by_name(name, from_pipeline: @root)
      key = Names::Table.key(name)
      from_pipeline.stages[key] ||
        only(key, from_pipeline.below, "in nested pipelines") ||
        only(key, from_pipeline.root_pipeline.with_nested, "globally")
    end

    # Exactly one of the matches of a level.
    #
    # @api private
    def self.only(name, matches, level)
      return matches.first if matches.size <= 1

      raise AmbiguousRoutingError, "stage name #{name.inspect} is ambiguous: " \
                                   "found #{matches.size} matches #{level}; rename one or address a Stage"
    end

    private

    def only(key, pipelines, level)
      self.class.only(key, pipelines.filter_map { |pipeline| pipeline.stages[key] }, level)
    end
  end
end
