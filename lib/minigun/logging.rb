# frozen_string_literal: true

module Minigun
  # The logger that everything in minigun writes to.
  module Logging
    # Writes to what $stdout is at the moment of writing.
    module StandardOutput
      GONE = "minigun: nobody reads standard output any more, and what is logged there is lost\n"

      # That nobody reads it is told once, and not for each line.
      def self.write(text)
        $stdout.write(text)
      rescue Errno::EPIPE
        $stderr.write(GONE) unless @told
        @told = true
      end

      def self.close = nil
    end

    LEVEL_VARIABLE = "MINIGUN_LOG_LEVEL"

    # A Logger on standard output, at level INFO or at that of the environment.
    def self.default
      kind.new(StandardOutput, level: ENV.fetch(LEVEL_VARIABLE, "info"), progname: "minigun")
    rescue ArgumentError
      kind.new(StandardOutput, level: "info", progname: "minigun")
    end

    # @return [Class] Logger, or what takes its place where it is a gem and not there
    def self.kind = defined?(::Logger) ? ::Logger : PlainLogger

    # @return [Boolean] whether it is known how the logger writes
    def self.known?(logger) = logger.is_a?(kind)
  end

  class << self
    # Replaces the logger.
    attr_writer :logger

    # The logger; the same object on each call.
    def logger
      @logger ||= Logging.default
    end
  end
end
