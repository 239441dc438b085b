# frozen_string_literal: true

module Minigun
  # One run on a thread of its own.
  class Background
    GRACE = 0.5
    PATIENCE = 5

    # @param drain [Proc] lets the run finish what it has accepted; false if it can't
    def initialize(drain, &run)
      @drain = drain
      # Masked until perform can answer: stop may come before the thread has begun.
      @thread = Thread.handle_interrupt(Cancelled => :never) { Thread.new { perform(&run) } }
      @thread.name = "minigun-background"
      @thread.report_on_exception = false
    end

    def running? = @thread.alive?

    def wait = @thread.join

    # Drains the run for a moment, then interrupts it: its threads and children end.
    def stop
      return if @thread.join(@drain.call ? GRACE : 0)

      @thread.raise(Cancelled, "the run was stopped")
      @thread.join(PATIENCE)
    end

    def to_s = @thread.inspect

    private

    def perform(&run)
      Thread.handle_interrupt(Cancelled => :immediate, &run)
    rescue Cancelled
      Minigun.logger.debug { "background run stopped" }
    rescue Exception => e # rubocop:disable Lint/RescueException
      Minigun.logger.warn("background run ended with #{e.class}: #{e.message}")
    end
  end
end
