# frozen_string_literal: true

module Minigun
  # The error policy of a stage: its own options over those of its pipelines, from
  # the inside out, over the settings of the class.
  module Policy
    KEYS = Options::POLICY.keys.freeze

    module_function

    # What a pipeline says, over what surrounds it.
    def of_pipeline(pipeline, outer)
      own = pipeline.options.slice(*KEYS)
      own = pipeline.config.slice(*KEYS).merge(own) unless outer
      merged = (outer || {}).merge(own)
      merged.empty? ? nil : merged
    end

    # What a stage says, over what its pipeline says; nil if neither says anything.
    def of_stage(stage, outer)
      own = stage.options.slice(*KEYS)
      own.empty? ? outer : (outer || {}).merge(own)
    end
  end
end
