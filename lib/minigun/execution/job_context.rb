# frozen_string_literal: true

module Minigun
  module Execution
    # A context whose blocks run beside the caller, each as a *job*: an object that answers value,
    # alive?, pending? and stop. Jobs belong to the process that started them.
    class JobContext < Context
      # @param name [Symbol, String]
      def initialize(name)
        super
        @jobs = []
        @owner = Process.pid
      end

      # @return [self]
      def execute(&block)
        raise ArgumentError, "no block given" unless block

        @jobs = jobs.select(&:pending?)
        @owner = Process.pid
        @jobs << start(block)
        self
      end

      # @return [Object] the value of the last block
      def join
        raise ForkedError, "#{inspect} runs in another process" if foreign? && !@jobs.empty?

        @jobs.map(&:value).last
      end

      # @return [Boolean]
      def alive?
        jobs.any?(&:alive?)
      end

      # @return [nil]
      def terminate
        jobs.each(&:stop)
        nil
      end

      private

      def jobs = foreign? ? [] : @jobs

      def foreign? = @owner != Process.pid
    end
  end
end
