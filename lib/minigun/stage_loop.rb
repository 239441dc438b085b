# frozen_string_literal: true

module Minigun
  # How a descendant of Stage that overrides parts of its own execution is called.
  module StageLoop
    BUILT_IN = [Stage, AtomicStage, ProducerStage, ConsumerStage, AccumulatorStage, PipelineStage].freeze

    PRODUCES = Signature[:producer, :output]
    LOOPS = Signature[:loop, :input_output]
    PER_ITEM = Signature[:each, :item_output]
    COLLECTS = Signature[:batch, :item_output]
    COLLECTS_BY_VALUE = Signature[:batch, :item, addresses: true]
    private_constant :PRODUCES, :LOOPS, :PER_ITEM, :COLLECTS, :COLLECTS_BY_VALUE

    module_function

    # Does a class of the user override one of the methods every Stage has?
    def overridden?(stage, name)
      return false if BUILT_IN.include?(stage.class) || !stage.respond_to?(name)

      !BUILT_IN.include?(stage.method(name).owner)
    end

    # What a class receives that overrides `run_stage` or `execute`.
    #
    # @param base [Symbol] what it descends from: :producer, :consumer, :batch or :loop
    # @return [Signature, nil] nil if it overrides neither
    def signature(stage, base)
      if overridden?(stage, :run_stage)
        base == :producer ? PRODUCES : LOOPS
      elsif overridden?(stage, :execute)
        of_execute(stage.method(:execute), base)
      end
    end

    # What the engine calls: a block, the stage itself, or a lambda that takes what the
    # signature says; nil if there is nothing to call.
    def callable(stage, signature, context)
      return run_stage(stage, signature) if overridden?(stage, :run_stage)
      return execute(stage, signature, context) if overridden?(stage, :execute)
      return stage.block if stage.block
      return (stage if stage.respond_to?(:call)) if signature.kind == :batch
      return stage unless signature.kind == :loop && signature.receives != :input_output

      arguments = signature.receives == :input ? 1 : 0
      ->(input, output) { stage.call(*[input].first(arguments), &output) }
    end

    # What a class with its own `run_stage` pops items and an EndOfStage from.
    def input_queue(context) = context.input

    def output_queue(context) = context.output

    # The engine tells the successors when `run_stage` returns.
    def send_end_signals(_context) = nil

    # With more than a context and an item, a Stage gets its whole input, and so does a
    # ConsumerStage that says so by the name of the parameter.
    def of_execute(method, base)
      full = full?(method)
      case base
      when :producer then PRODUCES
      when :batch then full ? COLLECTS : COLLECTS_BY_VALUE
      else full && (base == :loop || input?(method.parameters[1])) ? LOOPS : PER_ITEM
      end
    end

    def input?(parameter) = Signature::INPUT_NAME.match?(parameter.to_a.last.to_s)

    # Does it take output and statistics, too?
    def full?(method) = method.arity.abs > 2

    def execute(stage, signature, context)
      count = full?(stage.method(:execute)) ? 4 : 2
      given = ->(input, output) { [context, input, output, stage.pipeline.stats&.for_stage(stage.name)].first(count) }
      case signature.receives
      when :output then ->(output) { stage.execute(*given.call(nil, output).first(count == 4 ? 4 : 1)) }
      when :item then ->(item) { stage.execute(context, item) }
      else ->(input, output) { stage.execute(*given.call(input, output)) }
      end
    end

    def run_stage(stage, signature)
      return ->(output) { stage.run_stage(StageContext.new(stage, nil, output)) } if signature.producer?

      ->(input, output) { stage.run_stage(StageContext.new(stage, input, output)) }
    end
  end
end
