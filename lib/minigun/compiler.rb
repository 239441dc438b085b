# frozen_string_literal: true

require_relative "compiler/node"
require_relative "compiler/layout"
require_relative "compiler/directory"
require_relative "compiler/outside_queues"
require_relative "compiler/wiring"
require_relative "compiler/step_builder"

module Minigun
  # Makes a flat Program of a pipeline and all that are nested in it: completes and
  # validates the graphs, resolves names across pipelines, ties entrances and exits
  # of nested pipelines to what surrounds them. Linear in stages and edges.
  module Compiler
    module_function

    # @param pipeline [Pipeline] the root of the run
    # @param context [Object] self of all blocks and hooks
    # @return [Program]
    # @raise [Error] if anything is wrong, naming pipeline and stage
    def compile(pipeline, context)
      layout = Layout.new(pipeline)
      directory = Directory.new(layout)
      layout.runs.each { |run| prepare(run, directory) }
      directory.queues = Subscriptions.lay_out(layout)
      OutsideQueues.lay_out(layout)
      Wiring.new(layout, directory).connect
      builder = StepBuilder.new(context)
      steps = layout.number.map { |node| builder.build(node) }
      Native::Fuse.fuse(steps) if steps.any? { |step| step.stage&.native? }
      check_acknowledging(steps)
      warn_of_drought(pipeline, steps)
      warn_of_unfed(layout, steps)
      Program.new(steps, layout.runs.map(&:record), context, directory)
    end

    def check_acknowledging(steps)
      return if steps.none?(&:acknowledge)

      native = steps.find { |step| step.stage&.native? && step.upstreams.any? } or return
      raise Error, "#{Options.place(native.stage.pipeline, native.stage)}: native stages don't tell which record came " \
                   "of which item, so producers in front of them can't have ack: and nack:"
    end

    def warn_of_drought(pipeline, steps)
      return if steps.empty? || productive?(steps)

      Minigun.logger.warn("pipeline #{pipeline.name.inspect}: nothing in it produces items, so no stage has any; " \
                          "add a producer")
    end

    def productive?(steps)
      steps.any? { |step| %i[producer loop].include?(step.kind) || step.await }
    end

    # A stage without upstream is mostly a forgotten edge, except where edges were replaced on purpose.
    def warn_of_unfed(layout, steps)
      unfed = steps.select { |step| %i[each batch].include?(step.kind) && step.upstreams.empty? && step.await.nil? }
      return if unfed.empty? || !productive?(steps)

      unfed.each do |step|
        pipeline = layout.runs[step.pipeline_index].pipeline
        next if pipeline.rerouted?

        Minigun.logger.warn("#{Options.place(pipeline, step.stage)}: no stage feeds it, so it gets no items; name one in " \
                            "from:, or give it await: true if output.to is what addresses it")
      end
    end

    def check(pipeline, stage)
      Options.check_stage(pipeline, stage)
      Options.check_effect(pipeline, stage)
    end

    def prepare(run, directory)
      pipeline = run.pipeline
      pipeline.renew_stats
      Options.check_settings(pipeline)
      pipeline.stages.each_value { |stage| check(pipeline, stage) unless stage.given_options.empty? }
      Options.check_hooks(pipeline) unless pipeline.hook_table.none_of_stages?
      pipeline.send(:build_dag_routing!) { |name| directory.find(name, run.index) }
    end
  end
end
