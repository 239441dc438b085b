# frozen_string_literal: true

module Minigun
  class Pipeline
    # Pipelines within pipelines: what a pipeline is nested in, and what in it.
    module Nesting
      # @return [Pipeline, nil] the pipeline it is nested in
      attr_accessor :parent_pipeline
      attr_writer :task

      def task = @task || parent_pipeline&.task

      def root_pipeline
        pipeline = self
        pipeline = pipeline.parent_pipeline while pipeline.parent_pipeline
        pipeline
      end

      # Makes a nested pipeline, or finds the one of that name.
      #
      # @return [Pipeline]
      def nest(name, options = {})
        StageDefinition.take_apart(:pipeline, name, options, self) do |targets, sources, hooks, left|
          stage = find_nested(name) || PipelineStage.new(name: name, options: {}).join(self, name)
          stage.options.merge!(left)
          stage.pipeline ||= Pipeline.new(name, config, stage.options)
          register(stage, targets, sources, hooks)
          stage.pipeline
        end
      end

      # Changes a setting here and in all nested pipelines.
      def set_config(key, value)
        with_nested.each { |pipeline| pipeline.config[key] = value }
        value
      end

      # All pipelines nested in this one, at any depth.
      # @api private
      def below = with_nested.drop(1)

      # This pipeline and all below it, each knowing its parent.
      # @api private
      def with_nested
        found = {}.compare_by_identity
        waiting = [self]
        while (pipeline = waiting.shift)
          next if found.key?(pipeline)

          found[pipeline] = true
          pipeline.nested_stages.each { |stage| waiting << stage.join(pipeline, nil).pipeline }
        end
        found.keys
      end

      # @api private
      def nested_stages
        @stages.each_value.select { |stage| stage.composite? && stage.pipeline }
      end

      private

      def find_nested(name)
        stage = @stages[name]
        return stage if stage.nil? || stage.composite?

        raise StageNameConflict, "pipeline #{name.inspect} can't have the name of a stage of pipeline #{@name.inspect}"
      end
    end
  end
end
