# frozen_string_literal: true

require_relative "thread_job"

module Minigun
  module Execution
    # Runs the block on a new thread.
    #
    #   Minigun::Execution::ThreadContext.new(:beside).execute { 3 }.join # => 3
    class ThreadContext < JobContext
      def type = :thread

      private

      def start(block) = ThreadJob.new(&block)
    end
  end
end
