# frozen_string_literal: true

require_relative "isolation"

module Minigun
  module Execution
    # What of a step goes to its ractors, and why nothing does.
    class RactorStep
      # @param step [Minigun::Step]
      # @param user_object [Object]
      # @param place [String] what the log calls it
      def initialize(step, user_object, place)
        @step = step
        @user_object, @place = user_object, place
        @lock = Mutex.new
        @work = isolate unless (@refusal = refusal_of_step)
      rescue ArgumentError, Ractor::Error => e
        @refusal = e.message
      end

      # @return [Array, nil] see RactorWorker
      attr_reader :work

      # @return [String, nil]
      attr_reader :refusal

      # Logs, once, why the step's items are worked on by threads; any thread may call.
      # @return [nil]
      def report(reason = refusal)
        known = @lock.synchronize { @reported.tap { @reported = true } }
        Minigun.logger.warn("#{@place} on threads instead of ractors: #{reason}") unless known
        nil
      end

      private

      def refusal_of_step
        return Isolation.refusal unless Isolation.ractors?
        return "it collects batches" unless @step.kind == :each
        return "its code is no block" unless @step.callable.is_a?(Proc)
        return "items in ractors are neither tried again nor timed out" if retries_or_timeout?
        return "the user object can't be shared" unless Ractor.shareable?(@user_object)

        "emit belongs to the main ractor" if Isolation.calls?(@step.callable, :emit)
      end

      def retries_or_timeout?
        policy = @step.policy || {}
        policy[:retries].to_i.positive? || !policy[:timeout].nil?
      end

      def isolate
        before, after = [@step.before, @step.after].map { |hooks| share(hooks || []) }
        Ractor.make_shareable([@user_object, @step.receives, before, *share([@step.callable]), after])
      end

      def share(blocks) = blocks.map { |block| Isolation.shareable(block) }
    end
  end
end
