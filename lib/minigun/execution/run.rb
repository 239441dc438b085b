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

      # @return [Failures]
      def failures = @failures ||= Failures.new(self)

      # An item that failed, or with a producer or loop all of it. Called by the machine.
      #
      # @param attempt [Integer] how often it failed before
      # @return [Float, Array, Symbol] see Failures#judge
      def item_failed(index, item, error, attempt = 0)
        step = @program.steps.fetch(index)
        return failures.head_failed(step, error) unless step.kind == :each || step.kind == :batch

        failures.judge(step, item, error, attempt, weight: step.kind == :batch ? item.size : 1)
      end

      # As #item_failed, for an item that failed elsewhere; counts it too, unless it is to be
      # tried again.
      #
      # @param attempt [Integer, nil] how often it failed before; nil if it can't be tried again
      # @param attempts [Integer] how often it was tried by now, in whatever way that ended
      # @param weight [Integer] items it stands for
      # @yield [instead] what replaces the item, alone in an Array; without a block it is passed on
      # @return [Float, nil] seconds until it is to be tried again
      def fail_item(index, item, error, attempt: nil, attempts: attempt.to_i + 1, weight: 1)
        step = @program.steps.fetch(index)
        fate = failures.judge(step, item, error, attempt, attempts: attempts, weight: weight)
        return fate if fate.is_a?(Float)

        instead = fate if fate.is_a?(Array)
        _report(index, weight, instead ? nil : fate, [])
        return unless instead

        block_given? ? yield(instead) : publish(index, nil, instead)
        nil
      end

      # Items that were reported as done are lost after all, nobody knows any more which ones.
      #
      # @param count [Integer]
      # @param error [Exception, nil] what they were lost to; nil if they are cancelled
      # @return [void]
      def lose(index, count, error)
        fate = error && failures.judge(@program.steps.fetch(index), nil, error, nil, weight: count)
        fate.is_a?(Array) ? publish(index, nil, fate) : _recount(index, count, fate)
      end

      # Adds what was counted elsewhere.
      # @param consumed [Integer] items that were done
      # @param latencies [Array<Float>] seconds; fewer than items if only some were measured
      def report(index, consumed: 0, latencies: [])
        _report(index, consumed, nil, latencies)
      end

      # A driver has given its step so many workers, of the most that it may have.
      def staffed(index, count, most)
        count = [count, (@staff ||= {}).dig(index, :workers).to_i].max
        @staff[index] = { workers: count, reason: count < most ? "no more were needed" : "it was given as many" }.freeze
      end

      # Where the time of a step went, in seconds, and what workers it had.
      # @return [Hash{Symbol => Object}]
      def times(index) = _times(index).merge!(@staff&.[](index) || {})

      # @return [Integer] worker processes that died with work to do
      def worker_deaths = @worker_deaths || 0

      # A worker process died with work to do.
      def worker_died = @worker_deaths = worker_deaths + 1

      # Source items are settled. Called by the machine.
      # @param list [Array] [index of the producer, item, whether it has failed], ...
      def settled(list) = (@acknowledger ||= Acknowledger.new(self)).tell(list)

      # Waits until all acknowledgements are through, or as long as is given.
      def finish_acknowledging(seconds) = @acknowledger&.finish(seconds)

      # An item takes longer than its stage's timeout. Called by the machine.
      def overdue(index, thread)
        step = @program.steps.fetch(index)
        thread.raise(ItemTimeout, "#{place(step)} took longer than #{step.policy[:timeout]} s over an item")
      end

      # A drain is not through in time. Called by the machine.
      def drained_late
        cancel(DrainTimeout.new("what was accepted could not be finished in time; the rest was cancelled"))
      end

      # No item has got on for some seconds. Called by the machine, once a second.
      def stalled(seconds) = (@stall ||= Stall.new(self)).look(seconds)

      # Items for a stage that had ended. How many there were all in all is told at the end of the run.
      def undelivered(index, items)
        return if (@told_undelivered ||= {})[index]

        @told_undelivered[index] = true
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

      # @return [Pipeline, nil] that of a step
      def pipeline_of(step) = @program.pipelines[step.pipeline_index]&.pipeline

      # @return [String] for messages
      def place(step) = "[Pipeline:#{pipeline_of(step)&.name}][Stage:#{step.name}]"

      # An exception's own methods may fail, too.
      # @return [String]
      def describe(error)
        "#{error.class}: #{legible("#{error.message}")}".sub(/$/) { "#{origin(error)}#{frozen_hint(error)}" }
      rescue StandardError, ScriptError, SystemStackError
        Module.instance_method(:to_s).bind_call(error.class)
      end

      # Where in the user's code it arose, for the end of the first line. A thread's own first
      # frames have no line number, and Ruby's own methods no file.
      def origin(error)
        place = error.backtrace&.find { |line| line.match?(/:\d+/) && !line.start_with?(OWN_CODE, "<internal:") }
        place ? " (#{place})" : ""
      end

      # Does the step's input come past the queues, within a chain of native stages?
      def inside_chain?(step)
        return false unless step.stage&.native?

        !step.callable.is_a?(Native::Segment) || step.callable.source?
      end

      def inspect = "#<#{self.class} #{@program.steps.size} steps>"

      private

      # A message may have any encoding, and bytes that are none of it; a line of the log is UTF-8.
      def legible(text)
        text = text.dup.force_encoding(Encoding::UTF_8) if text.encoding == Encoding::BINARY
        text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
      end

      def frozen_hint(error)
        return unless error.is_a?(NoMethodError) && error.name == :emit && @user.frozen?

        " (a frozen object can't be given emit: include Minigun::DSL, or take the output as a block parameter)"
      end
    end
  end
end
