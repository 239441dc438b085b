# frozen_string_literal: true

module Minigun
  # What not every run needs is found by its names, where it is first named.
  {
    Background: "background", Blueprint: "blueprint", CollectedOutput: "collected_output", CommandLine: "command_line",
    DeadLetter: "dead_letter", Definition: "definition", EndOfSource: "queue_wrappers", EndOfStage: "queue_wrappers",
    ErrorLimit: "error_limit", Explanation: "explanation", HandChanges: "hand_changes", HUD: "hud", Names: "names",
    Pipeline: "pipeline", PlainLogger: "plain_logger", StageContext: "stage_context", StageRegistry: "stage_registry",
    Task: "task", WordCheck: "word_check"
  }.each { |name, file| autoload name, "#{__dir__}/#{file}" }

  module Execution
    {
      Acknowledger: "acknowledger", Context: "context", ContextPool: "context", DeadLetterFile: "dead_letter_file",
      ExecutionPlan: "execution_plan", ForkContext: "context", ForkPool: "fork_pool", InlineContext: "context",
      Isolation: "isolation", RactorContext: "context", RactorPool: "ractor_pool", Stall: "stall", ThreadContext: "context"
    }.each { |name, file| autoload name, "#{__dir__}/execution/#{file}" }

    unless respond_to?(:create_context)
      # Loads the contexts; their file brings the method itself.
      def self.create_context(type, name)
        Context && create_context(type, name)
      end
      singleton_class.alias_method :create_context, :create_context # it may be replaced without a warning
    end
  end

  # The rest is loaded now, so that the first run is as quick as the others; each part after those that
  # it is made of.
  %w[
    platform configuration logging dag stats execution/run native emitter evaluation settings stage signature
    atomic_stage accumulator_stage pipeline_stage stage_loop options placement builder dsl instance replay hooks
    stage_definition policy routing subscriptions program aggregated_stats runner signals compiler rebind result
    execution/execution_orchestrator execution/conclusion execution/failures execution/dead_letters execution/tally
  ].each { |part| require_relative part }
end
