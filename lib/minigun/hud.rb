# frozen_string_literal: true

require_relative "../minigun" unless defined?(Minigun::DSL)

module Minigun
  # The live terminal view, which is not part of this version.
  module HUD
    MISSING = "the live terminal view is not part of this version of minigun"

    module_function

    # @raise [Error]
    def launch(_pipeline) = raise(Error, MISSING)

    # @raise [Error]
    def run_with_hud(_class_or_instance) = raise(Error, MISSING)
  end
end
