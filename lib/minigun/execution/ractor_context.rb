# frozen_string_literal: true

require_relative "thread_job"
require_relative "isolation"

module Minigun
  module Execution
    # Runs the block in a ractor if that makes no difference to it: it uses no outer locals and not
    # its self. Else on a thread. A thread of this ractor waits for the other one's end, so #terminate
    # returns at once but can't end a block that computes in a ractor.
    #
    #   Minigun::Execution::RactorContext.new(:apart).execute { [1, 2].sum }.join # => 3
    class RactorContext < JobContext
      def type = :ractor

      private

      def start(block)
        ractor = Isolation.ractor(block)
        ractor ? ThreadJob.new { Isolation.value(ractor) } : ThreadJob.new(&block)
      end
    end
  end
end
