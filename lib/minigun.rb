# frozen_string_literal: true

require "set"
require "time"
require "json"
# Gems from Ruby 4.0 on, which a bundle may lack: IO can wait by itself then, and Minigun::PlainLogger
# takes the Logger's place.
%w[io/wait logger].each do |library|
  require library
rescue LoadError
  nil
end

# Data pipelines: stages declared in a Ruby DSL, run by a native core.
#
#   class Lengths
#     include Minigun::DSL
#     producer(:words) { %w[one three].each { |word| emit word } }
#     consumer(:show) { |word| puts word.size }
#   end
#   Lengths.new.run # => 2
module Minigun
end

autoload :FileUtils, "fileutils"
autoload :SecureRandom, "securerandom"
autoload :Tempfile, "tempfile"
autoload :Timeout, "timeout"

unless defined?(Minigun::DSL)
  require_relative "minigun/version"
  require_relative "minigun/clock"
  require_relative "minigun/errors"

  begin
    require_relative "minigun/minigun"
  rescue LoadError
    require "minigun/minigun"
  end

  require_relative "minigun/loader"
end
