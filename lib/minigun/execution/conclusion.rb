# frozen_string_literal: true

module Minigun
  module Execution
    # The end of a run: its result, a line on what was not delivered, its books.
    # @api private
    class Conclusion
      # @param pipeline [Pipeline]
      # @param run [Run]
      def initialize(pipeline, run)
        @pipeline, @run = pipeline, run
        @started = Clock.now
      end

      # Draws it, once.
      #
      # @param error [Exception, nil] what ended the run
      # @param whole [Boolean] whether all workers have left, so that the books can balance
      # @raise [InternalError] they don't, and nothing else is the matter
      def draw(error, whole: true)
        return if @drawn

        @drawn = true
        @run.failures.dead_letters.close
        @pipeline.last_result = result = Result.new(@run, duration: Clock.now - @started, error: error)
        tell(result)
        result.check if whole
      rescue InternalError => e
        raise unless error

        Minigun.logger.error("#{place} #{e.message}")
      end

      # Draws it, if that wasn't done, for a run that was left by a jump.
      #
      # @param error [Exception, nil] the jump, if it was one
      def draw_late(error, whole:)
        draw(error || Cancelled.new("the caller of the run was interrupted"), whole: whole) unless @drawn
      end

      private

      # Who leaves the program on purpose, or ends it by a signal, isn't told.
      def tell(result)
        return if result.undelivered.zero?

        on_purpose = result.error.is_a?(SystemExit) || result.error.is_a?(SignalException)
        Minigun.logger.public_send(on_purpose ? :debug : :warn, "#{place} #{result.delivery}")
      end

      def place = "[Pipeline:#{@pipeline.name}]"
    end
  end
end
