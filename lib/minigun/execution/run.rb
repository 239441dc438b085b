# frozen_string_literal: true

module Minigun
  module Execution
    # One run of a program: its steps, their workers, and the books on every item. Made
    # and driven by ExecutionOrchestrator; the machine is native, see core/run.h.
    class Run
      # Items that came too late are logged up to this length.
      SHOWN = 200

      OWN_CODE = File.expand_path("..", __dir__)
      private_constant :OWN_CODE

      # @return [Program]
      attr_reader :program

      # @param user [Object] self of the stages' code
      # @param program [Program]
      def initialize(user, program)
        @program = program
        @user = user
        @drivers = {}
      end

      # Drivers by the index of their step, for steps whose items are worked on elsewhere.
      # @return [Hash{Integer => #drive}]
      attr_reader :drivers

      # Lays out the steps; drivers are known by now.
      def set_up
        _initialize(@user, @program, @drivers)
        self
      end

      # @return [Symbol, String] for messages
      def step_name(index) = @program.steps.fetch(index).name

      # The step that output of another is to go to.
      # @param from [Integer] index of the sender
      # @param target [Symbol, String, Stage]
      # @return [Integer]
      # @raise [ArgumentError] no such stage
      def resolve(from, target) = @program.resolve(from, target)

      # Seconds before a failed item is tried again for the first time, where the policy
      # names none; doubled each time, up to MAX_BACKOFF.
      BACKOFF = 0.1
      MAX_BACKOFF = 60

      # An item that failed: tried again where its stage's policy has `retries:` left, else
      # reported and left, or, with `on_error: :raise`, the end of the run.
      #
      # @param attempt [Integer] how often it failed before
      # @return [Float, nil] seconds until it is tried again
      def item_failed(index, item, error, attempt = 0)
        step = @program.steps.fetch(index)
        return producer_failed(step, error) unless step.kind == :each || step.kind == :batch

        policy = step.policy || {}
        return backoff(policy, attempt) if attempt < policy[:retries].to_i

        Minigun.logger.error("#{place(step)} item failed: #{describe(error)}")
        raise error if policy[:on_error] == :raise
      end

      # As #item_failed, for an item that failed elsewhere; counts it too.
      def fail_item(index, item, error)
        _report(index, 1, 1, [])
        item_failed(index, item, error, Float::INFINITY)
      end

      # Adds what was counted elsewhere.
      # @param consumed [Integer] items, failed ones included
      # @param failed [Integer]
      # @param latencies [Array<Float>] seconds; fewer than items if only some were measured
      def report(index, consumed: 0, failed: 0, latencies: [])
        _report(index, consumed, failed, latencies)
      end

      # Items for a stage that had ended.
      def undelivered(index, items)
        Minigun.logger.warn("#{place(@program.steps.fetch(index))} had ended: #{items.size} item(s) undelivered, " \
                            "the first: #{items.first.inspect[0, SHOWN]}")
      end

      # A producer or loop has ended.
      def head_ended(index)
        step = @program.steps.fetch(index)
        @on_head_ended&.call(step)
      end

      # Calls the block with the step of each producer or loop that ends.
      def on_head_ended(&block)
        @on_head_ended = block
      end

      def inspect = "#<#{self.class} #{@program.steps.size} steps>"

      private

      # Twice as long each time, and up to half more, so that many don't come back at once.
      def backoff(policy, attempt)
        first = policy[:backoff].is_a?(Numeric) ? policy[:backoff] : BACKOFF
        [first * (2.0**attempt), MAX_BACKOFF].min * (1 + (rand / 2))
      end

      def producer_failed(step, error)
        Minigun.logger.error("#{place(step)} ended early: #{describe(error)}")
      end

      # An exception's own methods may fail, too.
      def describe(error)
        "#{error.class}: #{error.message}#{frozen_hint(error)}".sub(/$/) { origin(error) }
      rescue StandardError
        error.class.to_s
      end

      # Where in the user's code it arose, for the end of the first line.
      def origin(error)
        place = error.backtrace&.find { |line| !line.start_with?(OWN_CODE) }
        place ? " (#{place})" : ""
      end

      def frozen_hint(error)
        return unless error.is_a?(NoMethodError) && error.name == :emit && @user.frozen?

        " (a frozen object can't be given emit: include Minigun::DSL, or take the output as a block parameter)"
      end

      def place(step)
        pipeline = @program.pipelines[step.pipeline_index]&.pipeline&.name
        "[Pipeline:#{pipeline}][Stage:#{step.name}]"
      end
    end
  end
end
