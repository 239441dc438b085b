# frozen_string_literal: true

module Minigun
  module Execution
    # Waits for what ractors yield, on the one thread that does so: up to Ruby 3.4 a ractor keeps
    # what it waits for in one place for all its threads, so two that wait lose each other's wake-ups.
    # The thread lives while there are ractors to watch. A bell, one more ractor, tells it of others.
    module RactorWatch
      # What came from a ractor: a value, or the exception that ended it.
      Message = Struct.new(:value, :error)

      @lock = Mutex.new
      @inboxes = {}.compare_by_identity

      class << self
        # @param ractor [Ractor] that nobody else takes from
        # @param once [Boolean] whether only the value of its block is to come
        # @return [Thread::Queue] gets a Message for everything the ractor yields, until it is ignored
        def watch(ractor, once: false)
          undisturbed do
            forget_parent
            inbox = Thread::Queue.new
            @inboxes[ractor] = [inbox, once]
            @thread&.alive? ? @bell.send(true) : start
            inbox
          end
        end

        # @return [void]
        def ignore(ractor)
          undisturbed { @bell.send(true) if @inboxes.delete(ractor) && @thread&.alive? }
        end

        private

        # Whoever is interrupted here would leave the thread without the bell, and waiting.
        def undisturbed(&change)
          Thread.handle_interrupt(Object => :never) { @lock.synchronize(&change) }
        end

        # Lock held.
        def start
          @bell = bell = Isolation.create { Ractor.yield(true) while Ractor.receive }
          @thread = Thread.new { Thread.handle_interrupt(Object => :immediate) { listen(bell) } }
          @thread.name = "minigun ractors"
        end

        # Neither threads nor ractors survive a fork. Lock held.
        def forget_parent
          @inboxes.clear if @owner && @owner != Process.pid
          @owner = Process.pid
        end

        def listen(bell)
          while (ractors = watched)
            begin
              ractor, value = Ractor.select(bell, *ractors)
              deliver(ractor, value, nil) unless ractor.equal?(bell)
            rescue Ractor::RemoteError => e
              deliver(e.ractor, nil, e.cause || e)
            rescue Ractor::ClosedError
              next # ignored meanwhile
            end
          end
          bell.send(nil)
        end

        # The thread ends under the lock, or hears of every ractor that comes.
        def watched
          @lock.synchronize do
            @thread = nil if @inboxes.empty?
            @inboxes.keys unless @inboxes.empty?
          end
        end

        def deliver(ractor, value, error)
          inbox = @lock.synchronize do
            found, once = @inboxes[ractor]
            @inboxes.delete(ractor) if once || error
            found
          end
          inbox&.push(Message.new(value, error))
        end
      end
    end
  end
end
