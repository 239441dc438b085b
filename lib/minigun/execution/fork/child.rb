# frozen_string_literal: true

require_relative "../child_hygiene"
require_relative "chunk"
require_relative "fault"
require_relative "log_relay"
require_relative "tidying"
require_relative "write_back"

module Minigun
  module Execution
    module Fork
      # What runs in a worker process: takes chunks of items, or has them from its fork, runs the step
      # over them and sends back what came of it.
      class Child
        # Kinds of messages.
        CHUNK, STOP, RESULT, LAST, BYE, FATAL = *1..6

        # Work, in seconds, between two messages to the parent.
        SLICE = 0.001
        # Work for each second that it takes to look for changes of the user object.
        OVERHEAD = 30
        LARGEST_SLICE = 8192
        # Chunks that a worker must have before it, to leave the parent its nap.
        AHEAD = 4
        # Milliseconds an orphan has to clean up.
        GRACE = 500

        # @param place [Integer] of the exchange
        # @param program [Fork::Work] what there is to do
        def initialize(exchange, place, work, parent)
          @exchange, @place, @work, @parent = exchange, place, work, parent
          @slice = 1
          @looking = 0.0
          @tidying = Tidying.new
        end

        # The whole life of the worker. Doesn't return.
        # @param items [Array, nil] all its items, or nil if they are to come from the parent
        def live(items = nil)
          @lasting = items.nil?
          Thread.handle_interrupt(Object => :immediate) do
            set_up
            ended = items ? work(0, items, []) : serve
            depart if ended && (@lasting || @work.flushes?)
          end
        rescue Interrupt => e
          give_up(e)
        rescue SignalException => e
          ChildHygiene.flush
          ChildHygiene.die_of(e)
        rescue Exception => e # rubocop:disable Lint/RescueException
          give_up(e)
        ensure
          ChildHygiene.flush
          Process.exit!(true)
        end

        private

        def set_up
          ChildHygiene.reset_signals
          Signal.trap("INT") {} # the terminal sends it to all, and the parent says what is to be done
          @exchange.enter(@place, @parent, GRACE)
          @work.enter
          Minigun.logger = @work.relay
          @recorder = @work.recorder
          @run = @work.run_for_child
          @work.after_fork.each { |hook| @work.user_object.instance_exec(&hook) }
        end

        # @return [Boolean] whether it was told to stop
        def serve
          while true # a `loop` would end quietly at a StopIteration
            kind, sequence, items, unread = @exchange.take
            case kind
            when nil then return false if @exchange.orphaned? || !@exchange.wait
            when CHUNK
              work(sequence, items, unread)
              items.replace(NOTHING)
              @tidying.after(@exchange.large_bytes)
            else return true
            end
          end
        end

        # @param unread [Array] index and exception of items that could not be read
        def work(sequence, items, unread)
          unread.each { |index, _| items.insert(index, nil) }
          unread = unread.to_h
          position = 0
          until position == items.size
            error = unread[position]
            count = error ? 1 : slice_size(position, items.size, unread)
            done = advance(sequence, items, position, count, error)
            position += done
            break if done < count
          end
          true
        end

        def slice_size(position, size, unread)
          count = [@slice, size - position].min
          bad = unread.keys.find { |index| index > position } unless unread.empty?
          bad ? [count, bad - position].min : count
        end

        # Runs the step over some of the items and tells the parent.
        # @return [Integer] how many were done; the parent has taken back the rest, if any is left
        def advance(sequence, items, position, count, error)
          slice = count == items.size ? items : items[position, count]
          from = Clock.now
          @exchange.arm(sequence, position)
          outputs, failures, latencies, fatal = error ? fail_unread(error) : @run.call_step(@work.index, slice)
          # What dies of a signal dies with the item in its hands.
          raise fatal if fatal.is_a?(SignalException) && !fatal.is_a?(Interrupt)

          begun = @exchange.rest(sequence) # raises in a child that the block forked, and that returned from it
          raise fatal if fatal

          done = begun - position
          took = Clock.now - from
          last = begun == items.size || done < count
          send_result(last ? LAST : RESULT, sequence, done, took, outputs, failures, latencies)
          adapt(done, took)
          done
        end

        def fail_unread(error)
          WorkerGate.each_begun([nil]) {}
          [[[[0], []]], [[0, error]], [], nil]
        end

        def send_result(kind, sequence, done, took, outputs, failures, latencies)
          failures.concat(Fault.unsent(@exchange.outputs(outputs)))
          outputs.each { |_, items| items.replace(NOTHING) }
          note = note(failures)
          @exchange.reply(kind, sequence, done, [took, @looking].map { |time| (time * 1e9).to_i }, latencies, note,
                          hush?(kind, sequence))
        end

        # Waking the parent costs more than a quick chunk: it may nap while there is enough to do.
        def hush?(kind, sequence)
          @lasting ? @exchange.granted?(sequence + AHEAD) : kind == RESULT
        end

        # The rest of a message: failures, changes to the user object, log lines, what ends the run.
        def note(failures, fatal = nil)
          failures = failures.map { |index, error| [index, Fault.dump(error)] }
          changes = look_for_changes if @recorder # it may log
          lines = Minigun.logger.relayed_lines if Minigun.logger.is_a?(LogRelay)
          return if failures.empty? && !lines && !changes && !fatal

          Marshal.dump([failures, changes, lines, fatal])
        end

        # What the stage still has to say goes with the last message.
        def depart
          outputs, error = @run.flush_step(@work.index) if @work.flushes?
          raise error unless error.nil? || error.is_a?(StandardError)

          say(BYE, outputs: outputs || [], failures: error ? [[nil, error]] : [])
        end

        def say(kind, fatal = nil, outputs: [], failures: [])
          failures += Fault.unsent(@exchange.outputs(outputs))
          @exchange.reply(kind, 0, 0, [0, 0], [], note(failures, fatal), false)
        end

        def look_for_changes
          from = Clock.now
          @recorder.changes
        ensure
          @looking = Clock.now - from
        end

        def adapt(done, took)
          return if done.zero?

          fitting = [SLICE, @looking * OVERHEAD].max / (took / done + 1e-9)
          @slice = fitting.clamp(1, [@slice * 8, LARGEST_SLICE].min).to_i
        end

        # Not an item's error: it ends the run.
        def give_up(error)
          say(FATAL, Fault.dump(error))
        rescue Exception # rubocop:disable Lint/RescueException
          ChildHygiene.flush
          Process.exit!(false)
        end
      end
    end
  end
end
