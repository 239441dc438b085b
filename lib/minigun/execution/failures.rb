# frozen_string_literal: true

module Minigun
  module Execution
    # What becomes of items that failed in a run, by the policies of their stages; keeps the
    # books on it.
    class Failures
      # Errors a result tells one by one; more are counted.
      KEPT = 100
      # Seconds before a failed item is tried again for the first time, where the policy
      # names none; doubled each time, up to MAX_BACKOFF.
      BACKOFF = 0.1
      MAX_BACKOFF = 60
      POLICIES = { skip: :skipped, raise: :failed, dead_letter: :dead, nil => :skipped }.freeze

      # @return [Array<Result::ItemError>] the first ones
      attr_reader :errors
      # @return [Integer] how many there were
      attr_reader :count
      # @return [Array<Symbol, String>] names of producers and loops that an error ended early
      attr_reader :ended_early
      # @return [DeadLetters]
      attr_reader :dead_letters

      # @param run [Run]
      def initialize(run)
        @run = run
        @errors = []
        @ended_early = []
        @count = 0
        @lock = Mutex.new
        @dead_letters = DeadLetters.new(run)
      end

      # Decides on an item that failed. What the decision itself does - stop the run, deliver a
      # letter - is done by then.
      #
      # @param attempt [Integer, nil] how often it failed before; nil if it can't be tried again
      # @param attempts [Integer] how often it was tried by now, deaths of workers included
      # @param weight [Integer] items it stands for: those of a batch
      # @return [Float, Array, Symbol] seconds until it is tried again; its replacement, alone in
      #   an Array; or :skipped, :failed or :dead
      def judge(step, item, error, attempt, attempts: attempt.to_i + 1, weight: 1)
        policy = step.policy || {}
        return backoff(policy, attempt, error) if attempt && attempt < policy[:retries].to_i

        answer = answer_of(policy, error, item, attempts)
        return answer if answer.is_a?(Array)

        log(step, error)
        enter(step, item, error, attempts)
        fate = settle(answer, step, item, error, attempts)
        fate == :failed ? @run.cancel(error) : limit(policy, weight)
        fate
      rescue StandardError => e
        @run.cancel(e)
        :failed
      end

      # A producer or loop that ended early.
      def head_failed(step, error)
        Minigun.logger.error("#{@run.place(step)} ended early: #{@run.describe(error)}")
        enter(step, nil, error, 1)
        @lock.synchronize { @ended_early << step.name }
        @run.cancel(error) if step.policy && step.policy[:on_error] == :raise
      end

      # The limits on rates, once all items are through.
      # @return [TooManyErrors, nil]
      def over_limit
        limited = @run.program.steps.select { |step| step.policy&.key?(:limits) }
        limited.flat_map { |step| step.policy[:limits] }.uniq.each { |limit| (error = limit.check(@run)) && (return error) }
        nil
      end

      private

      # The worker's thread has interrupts masked here; handlers and sinks are the user's, and may block.
      def exposed(&block) = Thread.handle_interrupt(Object => :on_blocking, &block)

      # Twice as long each time, and up to half more, so that many don't come back at once.
      def backoff(policy, attempt, error)
        given = policy[:backoff]
        seconds = given.respond_to?(:call) ? exposed { given.call(*fitting(given, [attempt + 1, error])) } : nil
        return [seconds.to_f, 0.0].max if seconds

        [(given.is_a?(Numeric) ? given : BACKOFF) * (2.0**[attempt, 64].min), MAX_BACKOFF].min * (1 + (Random.new.rand / 2))
      end

      # @return [Symbol, nil, Array] a policy's name, or what replaces the item
      def answer_of(policy, error, item, attempts)
        answer = policy[:on_error]
        return answer || (policy.key?(:dead_letter) ? :dead_letter : :skip) unless answer.respond_to?(:call)

        handler = answer
        answer = exposed { ask(handler, [error, item, attempts]) }
        POLICIES.key?(answer) ? answer : [answer]
      end

      # Blocks take what they have parameters for; their self is the user object, as everywhere.
      def ask(handler, arguments)
        arguments = fitting(handler, arguments)
        return handler.call(*arguments) unless handler.is_a?(Proc)

        @run.program.context.instance_exec(*arguments, &handler)
      end

      # As many of the arguments as it has parameters for.
      def fitting(callable, arguments)
        parameters = (callable.is_a?(Proc) ? callable : callable.method(:call)).parameters
        return arguments if parameters.any? { |kind,| kind == :rest }

        arguments.first(parameters.count { |kind,| %i[req opt].include?(kind) })
      end

      def settle(answer, step, item, error, attempts)
        bury(step, item, error, attempts) if answer == :dead_letter
        POLICIES.fetch(answer)
      end

      def bury(step, item, error, attempts)
        name = @run.pipeline_of(step)&.name
        letter = DeadLetter.new(item: item, stage: step.name, pipeline: name, error: error, attempts: attempts)
        exposed { @dead_letters.deliver(step, letter) }
      end

      def limit(policy, weight)
        policy[:limits]&.each do |limit|
          exceeded = limit.add(@run, weight)
          @run.cancel(exceeded) if exceeded
        end
      end

      def enter(step, item, error, attempts)
        @lock.synchronize do
          @count += 1
          return if @errors.size >= KEPT

          name = @run.pipeline_of(step)&.name
          @errors << Result::ItemError.new(stage: step.name, pipeline: name, item: item, error: error, attempts: attempts)
        end
      end

      def log(step, error)
        told = @run.describe(error).sub(/$/) { no_output_hint(step, error).to_s }
        Minigun.logger.error("#{@run.place(step)} item failed: #{told}")
      end

      # A last parameter that was meant as the output got nothing.
      def no_output_hint(step, error)
        return unless error.is_a?(NoMethodError) && %i[<< to].include?(error.name)

        name = Signature.last_of_several(step.stage.block)
        " (is #{name} meant as the output? its name has to be out, output or outputs)" if name && step.receives == :item
      end
    end
  end
end
