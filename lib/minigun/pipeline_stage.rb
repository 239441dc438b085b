# frozen_string_literal: true

module Minigun
  # A stage that wraps a nested pipeline.
  #
  #   Minigun::PipelineStage.new(name: :empty).execute_with_emit(Object.new, 3) # => [3]
  class PipelineStage < Stage
    # @return [Pipeline, nil] the nested pipeline
    attr_reader :pipeline

    alias_method :nested_pipeline, :pipeline

    def initialize(...)
      super
      @pipeline = nil
      @stages_to_add = []
    end

    # Attaches the nested pipeline and gives it the stages added so far.
    def pipeline=(pipeline)
      @pipeline = pipeline
      return unless pipeline

      pipeline.parent_pipeline ||= @owner
      @stages_to_add.each { |type, name, options, block| pipeline.add_stage(type, name, options, &block) }
      @stages_to_add.clear
    end

    # Adds a stage to the nested pipeline, now or as soon as there is one.
    def add_stage(type, name = nil, options = {}, **more, &block)
      options = options.merge(more)
      return pipeline.add_stage(type, name, options, &block) if pipeline

      @stages_to_add << [type, name, options, block]
    end

    def composite? = true

    def run_mode = :composite

    def signature = nil

    # Walks the nested stages in order of insertion, see #execute_with_emit.
    def execute(context, item = nil, *)
      execute_with_emit(context, item)
      nil
    end

    # Gives one item to the nested stages, each receiving what the one before it
    # emitted; producers, accumulators and nested pipelines are passed over.
    def execute_with_emit(context, item)
      return [item] unless pipeline

      walked = pipeline.stages.each_value.reject { |s| s.composite? || s.producer? || s.accumulator? }
      walked.reduce([item]) do |items, stage|
        items.flat_map { |each| stage.execute_with_emit(context, each) }
      end
    end

    # @api private
    def join(pipeline, name)
      super
      @pipeline.parent_pipeline ||= pipeline if @pipeline
      self
    end
  end
end
