# frozen_string_literal: true

module Minigun
  module Execution
    # Drives a chain of native stages: its threads are the chain's own, this one and a helper carry
    # items over the border and books to the run.
    class NativePool
      # Items taken from the queue at once.
      MOST = 512
      # Seconds between two looks at the chain's counters, while something comes out and while nothing does.
      PACE = 0.05
      SLOW_PACE = 0.25
      private_constant :MOST, :PACE, :SLOW_PACE

      # @param run [Minigun::Execution::Run]
      # @param step [Minigun::Step] the chain's first
      # @param user_object [Object] self of hooks
      def initialize(run, step, user_object)
        @run = run
        @segment = step.callable
        @user_object = user_object
        @unfit = @taken = @settled = 0
        @replaced = Hash.new(0)
        @counted_at = 0
      end

      # Called before the run's threads start; native ones come later, behind the forks.
      # @return [void]
      def prepare
        @segment.steps.each { |step| @run.staffed(step.index, @segment.workers, @segment.workers) }
      end

      # Works until the input has ended and all output is sent.
      # @return [void]
      def drive(input, _output)
        fire(:before)
        @started_at = Time.now.to_f
        work(@machine = @segment.machine, input)
        fire(:after)
      rescue NativeError => e
        @run.cancel(located(e))
      end

      # Reads no further: what was read goes its way. Called when the run drains.
      # @return [void]
      def drain
        @machine&.stop_reading if @segment.source?
      end

      # @return [void]
      def shutdown; end

      private

      def work(machine, input)
        machine.start # an interrupt at its return finds the clause below
        if @segment.source?
          take_all(machine)
        else
          helper = Thread.new { drain_beside(machine, input) }
          feed(machine, input)
          helper.value
        end
      ensure
        leave(machine, input, helper)
      end

      # Whatever else interrupts this thread: its native threads are joined, and the books are ended.
      def leave(machine, input, helper)
        Thread.handle_interrupt(Object => :never) do
          machine.cancel
          machine.join
          Thread.handle_interrupt(Object => :immediate) { helper&.join }
        ensure
          settle(input, @taken)
          count(machine, Time.now.to_f)
        end
      end

      def feed(machine, input)
        while (items = input.take(MOST))
          next if items.empty?

          machine.feed(items)&.each { |place| refuse(items[place]) }
          @taken += items.size
          break unless machine.hungry? # then what feeds this one stops, too
        end
        machine.finish
      end

      # On a thread of its own; what ends it early ends the run.
      def drain_beside(machine, input)
        Thread.current.report_on_exception = false
        take_all(machine) { settle(input, machine.through) }
      rescue Cancelled
        machine.cancel
      rescue Exception => e # rubocop:disable Lint/RescueException
        machine.cancel
        @run.cancel(located(e))
      end

      def take_all(machine)
        last = @segment.last.index
        until (taken = machine.take(SLOW_PACE)).nil?
          hand_on(last, taken) if taken
          yield if block_given?
          machine.stop_reading if @segment.source? && @run.futile?(@segment.head.index)
          count_now_and_then(machine)
        end
      end

      # Items stay on the run's books while they are in the chain.
      def settle(input, through)
        return if through == @settled

        input.settle(through - @settled)
        @settled = through
      end

      def hand_on(last, taken)
        taken.is_a?(Native::Reject) ? reject(taken) : @run.publish(last, nil, taken)
      end

      def reject(reject)
        give_up(reject.stage, reject.record, NativeError.new(reject.message, stage: reject.stage, code: reject.code))
      end

      def refuse(item)
        @unfit += 1
        give_up(0, item, NativeError.new(
          "native stages take Strings, and Hashes of Strings, numbers, true, false and nil, not #{item.class}", stage: 0
        ))
      end

      # What replaces an item makes it one that was done.
      def give_up(place, item, error)
        index = @segment.steps[place].index
        @run.fail_item(index, item, error) do |instead|
          @replaced[place] += 1
          @run.publish(index, nil, instead)
        end
      end

      def count_now_and_then(machine)
        now = Clock.now
        return if now - @counted_at < PACE

        @counted_at = now
        count(machine, nil)
      end

      # What the last stage produced is counted as it is sent. What came after a stage had enough was
      # consumed, though no stage has seen it.
      def count(machine, ended_at)
        @segment.steps.each_with_index do |step, place|
          consumed, produced, failed, seconds = machine.counters(place)
          failed += @unfit if place.zero?
          failed -= @replaced[place]
          consumed = [consumed, @taken].max if place.zero? && ended_at
          produced = nil if step.equal?(@segment.last) && step.targets.any?
          @run.count(step.index, consumed, produced, failed, seconds, @started_at, ended_at)
        end
      end

      def located(error)
        return error unless error.is_a?(NativeError) && error.stage

        step = @segment.steps[error.stage]
        place = Options.place(step.stage.pipeline, step.stage)
        NativeError.new("#{place}: #{error.message}", stage: error.stage, code: error.code)
      end

      def fire(type)
        @segment.steps.each { |step| step.public_send(type).each { |hook| @user_object.instance_exec(&hook) } }
      end
    end
  end
end
