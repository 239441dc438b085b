# frozen_string_literal: true

module Minigun
  # What has methods on Minigun itself, or a native part.
  %w[platform configuration logging dag stats execution/run native emitter].each { |part| require_relative part }

  # The rest is found by its names, so that parts can name each other in any order.
  {
    AccumulatorStage: "accumulator_stage", AggregatedStats: "aggregated_stats", AtomicStage: "atomic_stage",
    Background: "background", Blueprint: "blueprint", Builder: "builder", CollectedOutput: "collected_output",
    CommandLine: "command_line", Compiler: "compiler", ConsumerStage: "atomic_stage", DeadLetter: "dead_letter", Definition: "definition", DSL: "dsl",
    EndOfSource: "queue_wrappers", EndOfStage: "queue_wrappers", ErrorLimit: "error_limit", Evaluation: "evaluation",
    Explanation: "explanation", HandChanges: "hand_changes",
    Hooks: "hooks", HUD: "hud", Instance: "instance", Names: "names", Options: "options", Pipeline: "pipeline",
    PipelineRun: "program", PipelineStage: "pipeline_stage", Placement: "placement", PlainLogger: "plain_logger", Policy: "policy",
    ProducerStage: "atomic_stage", Program: "program", Rebind: "rebind", Replay: "replay", Result: "result", Routing: "routing",
    Runner: "runner", Settings: "settings", Signals: "signals", Signature: "signature", Stage: "stage",
    StageContext: "stage_context", StageDefinition: "stage_definition", StageLoop: "stage_loop",
    StageRegistry: "stage_registry", Step: "program", Subscriptions: "subscriptions", Task: "task", WordCheck: "word_check"
  }.each { |name, file| autoload name, File.join(__dir__, file) }

  module Execution
    {
      Acknowledger: "acknowledger", Conclusion: "conclusion", Context: "context", ContextPool: "context", DeadLetterFile: "dead_letter_file",
      DeadLetters: "dead_letters", Failures: "failures", ExecutionOrchestrator: "execution_orchestrator",
      ExecutionPlan: "execution_plan", ForkContext: "context", ForkPool: "fork_pool", InlineContext: "context", Isolation: "isolation",
      RactorContext: "context", RactorPool: "ractor_pool", Stall: "stall", Tally: "tally", ThreadContext: "context"
    }.each { |name, file| autoload name, File.join(__dir__, "execution", file) }

    unless respond_to?(:create_context)
      # Loads the contexts; their file brings the method itself.
      def self.create_context(type, name)
        Context && create_context(type, name)
      end
      singleton_class.alias_method :create_context, :create_context # it may be replaced without a warning
    end
  end

  # What every run needs is loaded now, so that the first one is as quick as the others; the rest
  # where it is first named.
  %w[
    dsl instance replay atomic_stage accumulator_stage pipeline_stage stage_definition stage_loop options policy
    placement routing subscriptions program aggregated_stats runner signals compiler rebind result native/fuse native/stage execution/execution_orchestrator execution/execution_plan
    execution/conclusion execution/failures execution/dead_letters execution/tally
  ].each { |part| require_relative part }
end
