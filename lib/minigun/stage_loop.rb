# frozen_string_literal: true

module Minigun
  # How a descendant of Stage that overrides parts of its own execution is called.
  module StageLoop
    BUILT_IN = [Stage, AtomicStage, ProducerStage, ConsumerStage, AccumulatorStage, PipelineStage].freeze

    module_function

    # Does a class of the user override one of the methods every Stage has?
    def overridden?(stage, name)
      return false if BUILT_IN.include?(stage.class) || !stage.respond_to?(name)

      !BUILT_IN.include?(stage.method(name).owner)
    end

    # What the engine calls for a custom stage: the stage itself, or a lambda that
    # takes what the signature says.
    def callable(stage, signature, context)
      return run_stage(stage) if overridden?(stage, :run_stage)
      return execute(stage, signature, context) if overridden?(stage, :execute)
      return stage unless signature.kind == :loop && signature.receives != :input_output

      arguments = signature.receives == :input ? 1 : 0
      ->(input, output) { stage.call(*[input].first(arguments), &output) }
    end

    # A method `execute` of four parameters gets output and statistics too.
    def execute(stage, signature, context)
      full = stage.method(:execute).arity.abs > 2
      stats = -> { stage.pipeline.stats&.for_stage(stage.name) }
      return ->(output) { stage.execute(*[context, nil, output, stats.call].first(full ? 4 : 1)) } if signature.producer?

      ->(input, output) { stage.execute(*[context, input, output, stats.call].first(full ? 4 : 2)) }
    end

    def run_stage(stage)
      ->(input, output) { stage.run_stage(StageContext.new(stage, input, output)) }
    end

    # What a class with its own `run_stage` pops items and an EndOfStage from.
    def input_queue(context) = context.input

    def output_queue(context) = context.output

    # The engine tells the successors when `run_stage` returns.
    def send_end_signals(_context) = nil
  end
end
