# frozen_string_literal: true

module Minigun
  module Compiler
    # Makes the steps of a run, one after the other.
    class StepBuilder
      NONE = [].freeze
      UNBOUNDED = [0, false, Float::INFINITY].freeze
      GIVEN_ONE_ITEM = { none: :item, output: :item }.freeze

      def initialize(context)
        @context = context
      end

      # @param node [Node]
      # @return [Step]
      def build(node)
        @node = node
        @stage = node.stage
        @pipeline = node.run.pipeline
        node.router? ? router : step
      end

      private

      # Shares items out over the entrances of a nested pipeline.
      def router
        fill(Step.new(kind: :router, receives: :item, before: NONE, after: NONE, before_fork: NONE, after_fork: NONE,
                      context: :thread, max_workers: 1, ordered: false, addresses: false))
      end

      def step
        step = fill(Step.new(stage: @stage, kind: @node.kind || nothing_to_call))
        call(step)
        place(step)
        hook(step)
        step.policy = Policy.of_stage(@stage, @node.run.policy)
        step.policy[:limits]&.each { |limit| limit.cover(step) } if step.policy
        step.addresses ||= dead_letters_to_a_stage?(step)
        step.acknowledge = acknowledgement(step)
        step.stats = @node.hidden? ? nil : @pipeline.stats&.enter(@stage, @node.targets.empty?)
        step
      end

      def acknowledgement(step)
        return if @stage.given_options.empty?

        hooks = @stage.given_options.slice(:ack, :nack).compact
        return if hooks.empty?
        return hooks if step.kind == :producer

        raise Error, "#{Options.place(@pipeline, @stage)}: ack: and nack: are for producers, which have source items"
      end

      def dead_letters_to_a_stage?(step)
        sink = step.policy && step.policy[:dead_letter]
        sink.is_a?(Symbol) || sink.is_a?(Stage)
      end

      # What stages and routers have in common.
      def fill(step)
        step.index = @node.index
        step.name = @stage.name
        step.pipeline_index = @node.run.index
        step.targets = @node.targets.map(&:index)
        step.upstreams = @node.senders.map(&:index)
        step.routing = @stage.given_options[:routing] || :broadcast
        step.queue_size = capacity
        step.queue_bytes = bytes
        step.await = await(step.kind)
        step
      end

      def call(step)
        signature = @stage.signature
        step.receives = received(step.kind, signature)
        step.addresses = signature.addresses?
        step.callable = StageLoop.callable(@stage, signature, @context)
        step.flush = @stage if StageLoop.overridden?(@stage, :flush)
        batch(step) if step.kind == :batch
      end

      # A block that would produce on its own is given the items of its upstream. A loop is called with
      # all there is, and StageLoop leaves out what it doesn't take.
      def received(kind, signature)
        return :input_output if kind == :loop

        kind == :each && signature.producer? ? GIVEN_ONE_ITEM.fetch(signature.receives) : signature.receives
      end

      def batch(step)
        step.max_size = @stage.given_options[:max_size] || @pipeline.config[:batch_size] || @stage.max_size
        step.max_wait = @stage.max_wait
      end

      def place(step)
        placement = @node.placement
        step.context = placement.context
        step.workers = placement.workers
        step.max_workers = placement.max_workers
        step.ordered = placement.ordered?
        step.affinity = affinity
      end

      def hook(step)
        run = @node.run
        step.before = step.after = NONE
        step.before_fork, step.after_fork = run.before_fork, run.after_fork
        own_hooks(step, run.stage_hooks) if run.stage_hooks
      end

      def own_hooks(step, table)
        step.before = table.of_stage(:before, @stage.name)
        step.after = table.of_stage(:after, @stage.name)
        step.before_fork += table.of_stage(:before_fork, @stage.name)
        step.after_fork += table.of_stage(:after_fork, @stage.name)
      end

      # The step it runs with, without a queue between: its only upstream, if both are plain.
      def affinity
        return unless @node.senders.size == 1 && @node.kind != :producer && @node.plain?
        return unless @stage.strategy == Stage::DEFAULT_STRATEGY

        sender = @node.senders.first
        sender.index if !sender.router? && sender.plain? && sender.kind != :batch
      end

      def capacity
        given = @stage.queue_size
        given = @node.run.queue_size if given.nil?
        UNBOUNDED.include?(given) ? nil : given
      end

      # nil where nobody says, false for no bound.
      def bytes
        given = @stage.given_options[:queue_bytes]
        given = @node.run.queue_bytes if given.nil?
        UNBOUNDED.include?(given) ? false : given
      end

      def await(kind)
        return if kind == :producer || @node.senders.any? || !@node.await

        @node.await == true || @node.await.to_f
      end

      def nothing_to_call
        custom = !StageLoop::BUILT_IN.include?(@stage.class)
        lack = custom ? "#{@stage.class} has no method call; define it" : "there is no block; give it one, or use a custom stage"
        raise Error, "#{Options.place(@pipeline, @stage)}: #{lack}"
      end
    end
  end
end
