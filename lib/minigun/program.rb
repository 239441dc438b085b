# frozen_string_literal: true

module Minigun
  STEP_MEMBERS = %i[
    index stage name pipeline_index kind callable receives targets upstreams routing before after before_fork
    after_fork context workers max_workers ordered queue_size queue_bytes acknowledge await affinity max_size max_wait addresses policy
    stats flush
  ].freeze unless const_defined?(:STEP_MEMBERS, false)

  # One step of a compiled run: a stage, or a hidden router where items are shared
  # out over the entrances of a nested pipeline.
  Step = Struct.new(*STEP_MEMBERS, keyword_init: true) unless const_defined?(:Step, false)

  # One pipeline of a compiled run.
  PipelineRun = Struct.new(
    :pipeline, :index, :parent_index, :stage_name, :stage_stats, :step_indexes, :exits, :source, :hooks,
    keyword_init: true
  ) unless const_defined?(:PipelineRun, false)

  # What the engine runs: the steps of all pipelines in one flat list. Made by
  # Compiler for one run.
  class Program
    # @return [Array<Step>] in order of definition
    attr_reader :steps
    # @return [Array<PipelineRun>] the root first
    attr_reader :pipelines
    # @return [Object] self of all blocks and hooks
    attr_reader :context

    def initialize(steps, pipelines, context, directory)
      @steps, @pipelines, @context, @directory = steps, pipelines, context, directory
    end

    # The step that gets what a step sends to a target by name.
    #
    # @param from_index [Integer] the sending step
    # @param target [Symbol, String, Stage]
    # @return [Integer]
    # @raise [ArgumentError] if there is no such stage, or it takes no items
    # @raise [AmbiguousRoutingError] if several stages match equally well
    def resolve(from_index, target)
      found = @directory.find(target, @steps[from_index].pipeline_index)
      raise ArgumentError, "there is no stage #{target_name(target)} to send to" \
                           "#{Options.hint(target, @steps.map(&:name)) unless target.is_a?(Stage)}" unless found

      found.entry&.index or raise ArgumentError, "stage #{target_name(target)} takes no items: it only produces"
    end

    private

    def target_name(target) = (target.is_a?(Stage) ? target.name : target).inspect
  end
end
