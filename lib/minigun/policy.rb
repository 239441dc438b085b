# frozen_string_literal: true

module Minigun
  # The error policy of a stage: its own options over those of its pipelines, from
  # the inside out, over the settings of the class. Limits on errors hold where they
  # are set: those of a pipeline for all its stages together, besides each stage's own.
  module Policy
    KEYS = Options::POLICY.keys.freeze
    # What stages and pipelines may say; max_retries has a default, so settings always have it.
    OPTIONS = [*KEYS, :max_retries].freeze
    LIMITS = %i[max_errors max_error_rate].freeze

    module_function

    # What a pipeline says, over what surrounds it.
    def of_pipeline(pipeline, outer)
      own = pipeline.options.slice(*OPTIONS)
      own = pipeline.config.slice(*KEYS).update(own) unless outer
      over(outer, own) { "pipeline #{pipeline.name.inspect}" }
    end

    # What a stage says, over what its pipeline says; nil if neither says anything.
    def of_stage(stage, outer)
      policy = stage.given_options.empty? ? outer : over(outer, stage.given_options.slice(*OPTIONS)) { Options.place(stage.pipeline, stage) }
      policy unless policy.nil? || policy.empty?
    end

    # @api private
    def over(outer, own)
      return outer || own if own.empty?

      own = own.compact
      merged = (outer || {}).merge(own.except(*LIMITS))
      return merged if own.slice(*LIMITS).empty?

      limit = ErrorLimit.new(yield, own[:max_errors], own[:max_error_rate])
      merged.merge(limits: [*merged[:limits], limit])
    end
  end
end
