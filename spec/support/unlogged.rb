# frozen_string_literal: true

require "stringio"

# Whose log is of no interest: RSpec.describe "...", :unlogged do
module Unlogged
  def without_log
    logger = Minigun.logger
    Minigun.logger = Logger.new(File::NULL)
    yield
  ensure
    Minigun.logger = logger
  end

  # What the block has logged, a line each, without times.
  def log_of
    logger = Minigun.logger
    lines = StringIO.new
    Minigun.logger = Logger.new(lines, formatter: ->(severity, _, _, text) { "#{severity} #{text}\n" })
    yield
    lines.string.lines(chomp: true)
  ensure
    Minigun.logger = logger
  end
end
