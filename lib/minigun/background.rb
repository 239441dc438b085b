# frozen_string_literal: true

module Minigun
  # One run on a thread of its own.
  class Background
    GRACE = 0.5
    PATIENCE = 5

    def initialize(&run)
      @thread = Thread.new { perform(&run) }
      @thread.name = "minigun-background"
      @thread.report_on_exception = false
    end

    def running? = @thread.alive?

    def wait = @thread.join

    # Interrupts the run, which then ends its threads and children.
    def stop
      return if @thread.join(0)

      @thread.raise(Cancelled, "the run was stopped")
      @thread.join(PATIENCE)
    end

    def to_s = @thread.inspect

    private

    def perform
      yield
    rescue Cancelled
      Minigun.logger.debug { "background run stopped" }
    rescue Exception => e # rubocop:disable Lint/RescueException
      Minigun.logger.warn { "background run ended with #{e.class}: #{e.message}" }
    end
  end
end
