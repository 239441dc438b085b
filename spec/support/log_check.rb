# frozen_string_literal: true

require "tempfile"

# A clean suite prints its dots alone: who provokes a line of the log captures and asserts it. What an
# example, or a child of its, writes to the log that all share instead fails the example.
module LogCheck
  LINES = Tempfile.new("log", mode: File::APPEND).tap { |file| file.sync = true }

  # What would have gone to the suite's own output.
  module Overheard
    def write(text) = $stdout.equal?(STDOUT) ? LINES.syswrite(text) : super
  end

  module_function

  def watch
    from = LINES.size
    yield
    return if LINES.size == from

    raise RSpec::Expectations::ExpectationNotMetError, "logged, and nobody looked:\n#{File.read(LINES.path)[from..]}"
  end
end

Minigun::Logging::StandardOutput.singleton_class.prepend(LogCheck::Overheard)
