# frozen_string_literal: true

module Minigun
  # Time that only goes forward.
  # @api private
  module Clock
    module_function

    # @return [Float] seconds since some moment
    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
