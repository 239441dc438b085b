# frozen_string_literal: true

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
        # Characters of an item in a message.
        SHOWN = 200
        # Seconds between asking workers to end and making them.
        GRACE = 0.5

        # @param run [Run]
        # @param work [Work]
        # @param results [Results]
        def initialize(run, work, results)
          @run, @work, @results = run, work, results
          @exchange = Exchange.new(work.size, RING)
          @workers = []
          @idle_deaths = 0
        end

        # @return [Array<Worker>]
        attr_reader :workers
        # @return [Exchange]
        attr_reader :exchange

        def size = @work.size

        def free_places = size - @workers.size

        def busy? = !@workers.all?(&:done?)

        # Forks another worker. Its place must be free.
        # @param portion [Portion, nil] what it is forked for
        def hire(portion = nil)
          place = (0...size).find { |index| @workers.none? { |worker| worker.place == index } }
          @exchange.vacate(place)
          # An interrupt between the fork and the list would leave a worker that nobody knows.
          Thread.handle_interrupt(Object => :never) do
            worker = Worker.new(@exchange, place, @work, portion)
            @workers << worker
            worker
          end
        end

        # Takes in all that has come, sends on what had no room, and buries the dead.
        # @yield [Portion] what has to be done again
        # @yieldreturn [void]
        # @return [void]
        def listen(sizing, &again)
          @workers.dup.each do |worker|
            ended = worker.ended?
            worker.send_on unless ended
            nil while hear(worker, sizing)
            bury(worker, &again) if ended
          end
        end

        # How long a wait may last, in milliseconds.
        def patience = @workers.all?(&:watched?) ? nil : LOOK_EVERY

        # Ends all workers, whatever they do. Called once nobody listens any more.
        def kill
          @workers.each { |worker| worker.child.signal(:TERM) }
          deadline = now + GRACE
          @workers.each do |worker|
            worker.child.wait_for([deadline - now, 0].max) || worker.child.signal(:KILL)
            worker.child.wait
          end
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

        def hear(worker, sizing)
          kind, sequence, done, times, latencies, note, outputs, unread = message_of(worker)
          case kind
          when nil then return false
          when Child::RESULT, Child::LAST
            portion = worker.finish(sequence, done, kind == Child::LAST)
            sizing.observe(done, *times)
            @idle_deaths, @idle_since = 0, nil
            @results.accept(portion, latencies, note, outputs, unread)
          else
            fatal = @results.accept_note(note)
            stop_run(fatal) if fatal
          end
          true
        end

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
          @run.worker_died if fatal
          rest.reverse_each(&again)
          died(worker, fatal, &again) if fatal
          return if fatal || worker.leaving || (worker.idle? && !worker.lasting?)

          died_idle(worker)
        end

        # Without an item in its hands.
        def died_idle(worker)
          Minigun.logger.error("#{@work.place} #{obituary(worker)}")
          @idle_deaths += 1
          @idle_since ||= now
          hopeless = if worker.child.status&.exited? then @idle_deaths >= IDLE_EXITS
                     else @idle_deaths >= IDLE_DEATHS && now - @idle_since > IDLE_TIME
                     end
          stop_run(death(worker)) if hopeless
        end

        # With an item in its hands.
        def died(worker, portion)
          attempts = portion.attempts + 1
          error = death(worker, portion.units[0], in_hand: true)
          return @results.refuse(portion, error) if attempts > @work.max_retries

          Minigun.logger.error("#{@work.place} #{error.message}; it is retried")
          yield Portion.new(portion.units, portion.keys, attempts, portion.tries)
        end

        def death(worker, unit = nil, in_hand: false)
          status = worker.child.status
          message = obituary(worker)
          message += " with #{shown(unit)} in its hands" if in_hand
          WorkerDied.new(message, pid: worker.pid, signal: status&.termsig, status: status, stage: @work.name,
                                  item: unit)
        end

        def obituary(worker)
          status = worker.child.status
          how = if status&.signaled? then "was killed by SIG#{Signal.signame(status.termsig)}"
                elsif status then "exited with status #{status.exitstatus}"
                else "ended, its status unknown"
                end
          "worker #{worker.pid} #{how}"
        end

        def shown(unit)
          unit = unit[0, SHOWN] if unit.is_a?(String) || unit.is_a?(Array)
          unit.inspect[0, SHOWN]
        rescue StandardError, SystemStackError
          "an item that can't be shown"
        end

        def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
