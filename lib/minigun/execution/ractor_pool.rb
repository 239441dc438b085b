# frozen_string_literal: true

require_relative "ractor_step"
require_relative "ractor_worker"
require_relative "thread_job"

module Minigun
  module Execution
    # Drives a step in ractors, each with a thread that carries items there and results back. Items
    # that can't cross are worked on by those threads; if the code turns out to need the main ractor,
    # all are, from then on.
    class RactorPool
      # Items given to a ractor at once: as many as it does in about this time, in seconds.
      QUICK = 0.001
      MOST = 64
      private_constant :QUICK, :MOST

      # @return [RactorPool, nil] nil if the step can't be isolated; the reason is logged
      def self.for(step, run, user_object)
        isolated = RactorStep.new(step, user_object, run.place(step))
        isolated.work ? new(run, step, isolated, user_object) : isolated.report
      end

      def initialize(run, step, isolated, user_object)
        @run = run
        @step = step
        @isolated = isolated
        @user_object = user_object
        @index = step.index
        @share = 1
        @lock = Mutex.new
      end

      # Has it used ractors to the end?
      def in_ractors? = !@given_up

      # Works until the input has ended and all of it is settled.
      # @return [void]
      def drive(input, _output)
        @run.staffed(@index, size, size)
        jobs = []
        Thread.handle_interrupt(Object => :never) do
          Thread.handle_interrupt(Object => :immediate) { give_out(input, jobs) }
        ensure
          jobs.each(&:stop)
        end
      end

      private

      def give_out(input, jobs)
        free = Thread::Queue.new
        orders = Array.new(size) { start(input, free, jobs) }
        while (items = input.take(@share))
          free.pop << items
        end
        orders.each(&:close)
        jobs.each(&:value)
      end

      # One keeps the order.
      def size = @step.ordered ? 1 : [@step.workers || 1, 1].max

      # @return [Thread::Queue] where to put items for another ractor
      def start(input, free, jobs)
        orders = Thread::Queue.new
        Thread.handle_interrupt(Object => :never) { jobs << ThreadJob.new { guard { serve(orders, free, input) } } }
        orders
      end

      def guard
        yield
      rescue Exception => e # rubocop:disable Lint/RescueException
        @run.cancel(e)
        raise
      end

      def serve(orders, free, input)
        worker = nil
        Thread.handle_interrupt(Object => :never) do
          # Its ractor inherits the mask.
          Thread.handle_interrupt(Object => :immediate) do
            worker = RactorWorker.new(@isolated.work) unless @given_up
            carry_out(worker, orders, free, input)
          end
        ensure
          worker&.stop
        end
      end

      def carry_out(worker, orders, free, input)
        free << orders
        while (items = orders.pop)
          start = Clock.now
          settle(input, items, work(worker, items))
          adjust(Clock.now - start)
          free << orders
        end
      end

      def adjust(seconds)
        @share = seconds < QUICK ? [@share * 2, MOST].min : [@share / 2, 1].max
      end

      # @return [Array] as Run#call_step
      def work(worker, items)
        return in_thread(items) if worker.nil? || @given_up

        outputs, failures, latencies, fatal = worker.call(items)
        refused, failures = failures.partition { |_, error| error.is_a?(Ractor::Error) }
        outputs = resolve(outputs, failures)
        return [outputs, failures, latencies, fatal] if refused.empty? || fatal

        again(items, refused, [outputs, failures, latencies])
      rescue RactorWorker::Unsendable => e
        @isolated.report(e.message)
        in_thread(items)
      end

      # What only the main ractor may do is done there, and all that comes later too.
      def again(items, refused, results)
        @given_up = true
        @isolated.report(refused.first.last.message)
        places = refused.map(&:first)
        outputs, failures, latencies, fatal = in_thread(items.values_at(*places))
        failures = failures.map { |place, error| [places[place], error] }
        results.zip([outputs, failures, latencies]).map { |one, other| one + other } << fatal
      end

      # Names become indexes where the program is. One that leads nowhere is the error of its item.
      def resolve(outputs, failures)
        outputs.filter_map do |target, items, place|
          [target && @run.program.resolve(@index, target), items, place]
        rescue ArgumentError, Minigun::Error => e
          failures << [place, e]
          nil
        end
      end

      # This run drives the step instead of calling it, so another one is laid out for that.
      def in_thread(items)
        caller = @lock.synchronize { @caller ||= Run.new(@user_object, @run.program).set_up }
        caller.call_step(@index, items)
      end

      def settle(input, items, (outputs, failures, latencies, fatal))
        raise fatal if fatal

        outputs.each { |output| publish(output, failures) }
        failures.each { |place, error| @run.fail_item(@index, items[place], error) }
        @run.report(@index, consumed: items.size - failures.size, latencies: latencies)
        input.settle(items.size)
      end

      # A stage that has ended gets nothing more: the error of the item that was to go there.
      def publish((target, items, place), failures)
        @run.publish(@index, target, items)
      rescue ArgumentError => e
        failures << [place || 0, e]
      end
    end
  end
end
