# frozen_string_literal: true

require_relative "../minigun" unless defined?(Minigun::DSL)

module Minigun
  # What a loop gets instead of an item when its input has ended.
  #
  #   Minigun::EndOfStage.new(:load).to_s # => "EndOfStage(load)"
  class EndOfStage
    # @return [Stage, Symbol, String] whose end it is
    attr_reader :stage

    def initialize(stage)
      @stage = stage
    end

    def to_s
      "#{self.class.name[/\w+\z/]}(#{stage.respond_to?(:name) ? stage.name : stage})"
    end

    alias_method :inspect, :to_s
  end

  # What a raw input queue brings when one of its sources has ended.
  class EndOfSource < EndOfStage; end
end
