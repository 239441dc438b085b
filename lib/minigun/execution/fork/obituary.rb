# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # What there is to say of a worker that has died.
      module Obituary
        # Characters of an item in a message.
        SHOWN = 200

        module_function

        # @param worker [Worker]
        # @return [String]
        def of(worker)
          status = worker.child.status
          how = if status&.signaled? then "was killed by SIG#{Signal.signame(status.termsig)}"
                elsif status then "exited with status #{status.exitstatus}"
                else "ended, its status unknown"
                end
          "worker #{worker.pid} #{how}"
        end

        # @param worker [Worker]
        # @param stage [Symbol, String]
        # @param units [Array] the one in its hands, or none
        # @return [WorkerDied, ItemTimeout]
        def error(worker, stage, units = [])
          return late(worker, units[0]) if worker.overdue && units.any?

          status = worker.child.status
          message = units.empty? ? of(worker) : "#{of(worker)} with #{shown(units[0])} in its hands"
          WorkerDied.new(message, pid: worker.pid, signal: status&.termsig, status: status, stage: stage, item: units[0])
        end

        # @param count [Integer] items that its stage may have kept
        # @return [WorkerDied]
        def unflushed(worker, stage, count)
          status = worker.child.status
          message = "#{of(worker)} before its stage had flushed: of #{count} item(s) that it had taken, " \
                    "what it kept until then is lost"
          WorkerDied.new(message, pid: worker.pid, signal: status&.termsig, status: status, stage: stage)
        end

        # @api private
        def late(worker, unit)
          ItemTimeout.new("it took longer than #{worker.overdue} s over #{shown(unit)}: #{of(worker)}")
        end

        # @api private
        def shown(unit)
          unit = unit[0, SHOWN] if unit.is_a?(String) || unit.is_a?(Array)
          unit.inspect[0, SHOWN]
        rescue StandardError, SystemStackError
          "an item that can't be shown"
        end
      end
    end
  end
end
