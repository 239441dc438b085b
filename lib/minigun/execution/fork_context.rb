# frozen_string_literal: true

require_relative "thread_job"
require_relative "fork_job"

module Minigun
  module Execution
    # Runs the block in a child process; its value comes back through Marshal. Where there is no
    # fork, on a thread.
    #
    #   Minigun::Execution::ForkContext.new(:apart).execute { Process.pid }.join == Process.pid # => false
    class ForkContext < JobContext
      def type = :fork

      private

      def start(block) = (Process.respond_to?(:fork) ? ForkJob : ThreadJob).new(&block)
    end
  end
end
