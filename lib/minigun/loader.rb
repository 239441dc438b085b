# frozen_string_literal: true

module Minigun
  %w[
    platform configuration logging settings signature stage atomic_stage accumulator_stage pipeline_stage
    names hooks stage_definition dag options placement pipeline collect evaluation builder definition
    stats task blueprint instance dsl execution/run
  ].each { |part| require_relative part }

  # Parts that a program needs when it runs, or never.
  {
    AggregatedStats: "aggregated_stats", Background: "background", Compiler: "compiler", EndOfSource: "queue_wrappers",
    EndOfStage: "queue_wrappers", HUD: "hud", NativeStage: "native_stage", PipelineRun: "program", Policy: "policy",
    Program: "program", Rebind: "rebind", Replay: "replay", Routing: "routing", Runner: "runner", Signals: "signals",
    StageContext: "stage_context", StageLoop: "stage_loop", StageRegistry: "stage_registry", Step: "program"
  }.each { |name, file| autoload name, File.join(__dir__, file) }

  module Execution
    {
      Context: "context", ContextPool: "context", ExecutionOrchestrator: "execution_orchestrator",
      ExecutionPlan: "execution_plan", ForkContext: "context", ForkPool: "fork_pool", InlineContext: "context",
      RactorContext: "context", RactorPool: "ractor_pool", Tally: "tally", ThreadContext: "context",
      ThreadDriver: "thread_driver"
    }.each { |name, file| autoload name, File.join(__dir__, "execution", file) }

    unless respond_to?(:create_context)
      # Loads the contexts; their file brings the method itself.
      def self.create_context(type, name)
        Context && create_context(type, name)
      end
      singleton_class.alias_method :create_context, :create_context # it may be replaced without a warning
    end
  end
end
