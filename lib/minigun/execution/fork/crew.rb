# frozen_string_literal: true

require_relative "obituary"
require_relative "results"
require_relative "worker"

module Minigun
  module Execution
    module Fork
      # The workers of a step: hired, listened to, buried.
      class Crew
        # Bytes of a ring.
        RING = 512 * 1024
        # Workers that may exit one after the other without a result.
        IDLE_EXITS = 3
        # Workers that may be killed so, and for how many seconds: what kills them may yet stop.
        IDLE_DEATHS = 20
        IDLE_TIME = 10
        # Milliseconds between two looks where nothing tells of a worker's end.
        LOOK_EVERY = 50
        # Seconds between asking workers to end and making them.
        GRACE = 0.5

        # @param run [Run]
        # @param work [Work]
        # @param results [Results]
        def initialize(run, work, results)
          @run, @work, @results = run, work, results
          @size = work.size
          @exchange = Exchange.new(@size, RING)
          @workers = []
          @idle_deaths = 0
        rescue Errno::EMFILE, Errno::ENFILE => e
          raise e.class, "#{@work.place} for its #{@size} workers: give it fewer, or raise the limit (ulimit -n)"
        end

        # @return [Array<Worker>]
        attr_reader :workers
        # @return [Exchange]
        attr_reader :exchange

        # @return [Integer] workers at a time
        attr_reader :size

        def free_places = size - @workers.size

        def busy? = !@workers.all?(&:done?)

        # Forks another worker. If no process is to be had, the others have to do.
        # @param portion [Portion, nil] what it is forked for
        # @return [Worker, nil] nil if there is none more, but others
        # @raise [Error] if there are no others
        def hire(portion = nil)
          fork_worker(portion)
        rescue ChildProcess::Refused => e
          raise Error, "#{@work.place} #{e.message}: see what limits processes (ulimit -u)" if @workers.empty?

          @size = @workers.size
          Minigun.logger.warn("#{@work.place} #{e.message}: it goes on with #{@size} of #{@work.size} workers")
          nil
        end

        # Takes in a message of each worker, sends on what had no room, and buries the dead once all of
        # theirs are in.
        # @yield [Portion] what has to be done again
        # @yieldreturn [void]
        # @return [Boolean] whether there may be more
        def listen(sizing, &again)
          @workers.dup.count do |worker|
            ended = worker.ended?
            worker.send_on unless ended
            heard = hear(worker, sizing)
            bury(worker, &again) if ended && !heard
            heard
          end.positive?
        end

        # Whether the stage still has something to say at the end of a worker.
        def flushing? = @workers.any? { |worker| kept_by(worker).positive? }

        # How long a wait may last, in milliseconds.
        def patience = @workers.all?(&:watched?) ? nil : LOOK_EVERY

        # Ends all workers, whatever they do. Called once nobody listens any more.
        def kill
          @workers.each { |worker| worker.child.signal(:TERM) }
          deadline = Clock.now + GRACE
          @workers.each do |worker|
            worker.child.wait_for([deadline - Clock.now, 0].max) || worker.child.signal(:KILL)
            worker.child.wait
          end
          kept = @workers.sum { |worker| kept_by(worker) }
          @results.lose(kept) if kept.positive?
          @workers.clear
        end

        # Ends workers that had nothing more to do and didn't leave.
        def kill_late
          @workers.each do |worker|
            Minigun.logger.warn("#{@work.place} worker #{worker.pid} doesn't end by itself, and is killed")
            worker.child.signal(:KILL)
          end
          kill
        end

        def close
          kill
          @exchange.close
        end

        private

        # Its place must be free.
        def fork_worker(portion)
          place = (0...@work.size).find { |index| @workers.none? { |worker| worker.place == index } }
          # An interrupt between the fork and the list would leave a worker that nobody knows.
          Thread.handle_interrupt(Object => :never) do
            worker = Worker.new(@exchange, place, @work, portion)
            @workers << worker
            @run.staffed(@work.index, @workers.size, size)
            worker
          end
        end

        def hear(worker, sizing)
          kind, sequence, done, times, latencies, note, outputs, unread = message_of(worker)
          case kind
          when nil then return false
          when Child::RESULT, Child::LAST
            portion = worker.finish(sequence, done, kind == Child::LAST)
            sizing.observe(done, *times)
            @idle_deaths, @idle_since = 0, nil
            worker.kept += @results.accept(portion, latencies, note, outputs, unread)
            portion.units.replace(NOTHING)
          else
            worker.kept = 0
            fatal = @results.accept_note(note, outputs)
            stop_run(fatal) if fatal
          end
          true
        end

        # Inputs that are lost if the worker dies now, though they are done.
        def kept_by(worker) = @work.flushes? ? worker.kept : 0

        # A worker that sends what makes no sense is as good as dead.
        def message_of(worker)
          worker.receive
        rescue Error, TypeError => e
          Minigun.logger.error("#{@work.place} worker #{worker.pid} is ended: #{e.message}")
          worker.child.signal(:KILL)
          nil
        end

        def stop_run(error)
          @run.cancel(error)
          raise Cancelled, "the run was cancelled"
        end

        def bury(worker, &again)
          worker.child.wait
          @workers.delete(worker)
          fatal, rest = worker.remains
          @exchange.vacate(worker.place)
          kept = kept_by(worker)
          @run.worker_died if fatal || kept.positive?
          rest.reverse_each(&again)
          died(worker, fatal, &again) if fatal
          @results.lose(kept, Obituary.unflushed(worker, @work.name, kept)) if kept.positive?
          return if fatal || worker.leaving || (worker.idle? && !worker.lasting?)

          died_idle(worker)
        end

        # Without an item in its hands.
        def died_idle(worker)
          Minigun.logger.error("#{@work.place} #{Obituary.of(worker)}")
          @idle_deaths += 1
          @idle_since ||= Clock.now
          hopeless = if worker.child.status&.exited? then @idle_deaths >= IDLE_EXITS
                     else @idle_deaths >= IDLE_DEATHS && Clock.now - @idle_since > IDLE_TIME
                     end
          stop_run(Obituary.error(worker, @work.name)) if hopeless
        end

        # With an item in its hands.
        def died(worker, portion)
          attempts = portion.attempts + 1
          error = Obituary.error(worker, @work.name, portion.units)
          return @results.refuse(portion, error, attempts: attempts + portion.tries.to_i) if attempts > @work.max_retries

          Minigun.logger.error("#{@work.place} #{error.message}; it is retried")
          yield Portion.new(portion.units, portion.keys, attempts, portion.tries)
        end
      end
    end
  end
end
