# frozen_string_literal: true

require_relative "../minigun" unless defined?(Minigun::DSL)

module Minigun
  # The live terminal view, which is not part of this version.
  module HUD
    MISSING = "the live terminal view is not part of this version of minigun"

    module_function

    # @raise [Error]
    def launch(_pipeline) = raise(Error, MISSING)

    # @raise [ArgumentError] it has no pipeline
    # @raise [Error]
    def run_with_hud(class_or_instance)
      job = class_or_instance
      unless DSL === job || (Class === job && job < DSL)
        raise ArgumentError, "run_with_hud takes a class with a pipeline, or an object of one, not #{job.inspect}"
      end
      raise Error, MISSING
    end
  end
end
