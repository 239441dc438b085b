# frozen_string_literal: true

require_relative "isolation"
require_relative "thread_job"
require_relative "thread_driver"
require_relative "ractor_worker"

module Minigun
  module Execution
    # Drives a step in ractors, with one thread each that carries items there and results back, if the
    # user object and the step's blocks can be shared. What can't go there runs on those threads, and
    # the first reason for that is logged.
    class RactorPool < ThreadDriver
      def initialize(run, step, user_object)
        super
        @lock = Mutex.new
        @work = isolate
      end

      # @return [Boolean] whether items go to ractors
      def isolated? = !@work.nil?

      private

      def work(input)
        worker = RactorWorker.new(@work) if isolated?
        Thread.current.thread_variable_set(:minigun_ractor, worker)
        super
      ensure
        worker&.stop
      end

      def call(items)
        worker = Thread.current.thread_variable_get(:minigun_ractor)
        return super unless worker && isolated?

        outputs, failures, latencies, fatal = worker.call(items)
        refused, failures = failures.partition { |_, error| error.is_a?(Ractor::Error) }
        outputs = resolve(outputs, failures)
        return [outputs, failures, latencies, fatal] if refused.empty? || fatal

        again(items, refused, outputs, failures, latencies)
      rescue RactorWorker::Unsendable => e
        say(e.message)
        super
      end

      # What only the main ractor may do is done there, and from now on everything.
      def again(items, refused, outputs, failures, latencies)
        @work = nil
        say(refused.first.last.message)
        places = refused.map(&:first)
        more = @run.call_step(@step.index, items.values_at(*places))
        [outputs + more[0], failures + more[1].map { |place, error| [places[place], error] },
         latencies + more[2], more[3]]
      end

      # Names become indexes where the program is. An unknown one is the error of its item.
      def resolve(outputs, failures)
        outputs.filter_map do |target, list, place|
          [target && @run.program.resolve(@step.index, target), list]
        rescue ArgumentError, Minigun::Error => e
          failures << [place, e]
          nil
        end
      end

      def isolate
        refusal = refusal_of_step
        return say(refusal) if refusal

        before, after = [@step.before, @step.after].map { |hooks| hooks.map { |hook| Isolation.shareable(hook) } }
        Ractor.make_shareable([@user_object, @step.receives, before,
                               Isolation.shareable(@step.callable), after])
      rescue ArgumentError, Ractor::Error => e
        say(e.message)
      end

      def refusal_of_step
        return "this Ruby has no ractors" unless Isolation.ractors?
        return "it collects batches" unless @step.kind == :each
        return "it is no block" unless @step.callable.is_a?(Proc)
        return "the user object can't be shared" unless Ractor.shareable?(@user_object)

        "emit belongs to the main ractor" if Isolation.calls?(@step.callable, :emit)
      end

      # @return [nil]
      def say(reason)
        @lock.synchronize do
          Minigun.logger.warn("#{@step.name}: on threads instead of ractors: #{reason}") unless @said
          @said = true
        end
        nil
      end
    end
  end
end
