# frozen_string_literal: true

module Minigun
  # What the Ruby we run on can do.
  module Platform
    # Can this Ruby fork? Asked once.
    #
    #   Minigun::Platform.fork_supported? # => true
    def self.fork_supported?
      return @fork_supported unless @fork_supported.nil?

      @fork_supported = Process.respond_to?(:fork)
    end
  end

  # Can this Ruby fork?
  def self.fork? = Platform.fork_supported?
end
