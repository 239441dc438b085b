# frozen_string_literal: true

require_relative "log_relay"
require_relative "write_back"

module Minigun
  module Execution
    module Fork
      # What the workers of a step have to know of it.
      class Work
        # @return [Integer] of the step
        attr_reader :index
        # @return [Object]
        attr_reader :user_object

        # @param run [Run]
        # @param step [Step]
        # @param user_object [Object]
        def initialize(run, step, user_object)
          @run, @step, @user_object = run, step, user_object
          @index = step.index
        end

        # @return [Symbol, String] of the stage
        def name = @step.name

        # @return [Array<Proc>] hooks, the pipelines' first
        def after_fork = @step.after_fork || []

        # @return [Integer] children at a time
        def size = [@step.workers || 1, 1].max

        # @return [Boolean] whether its stage has something to say at the end
        def flushes? = !@step.flush.nil?

        def write_back? = policy(:write_back) != false

        # @return [Numeric, nil] seconds that a unit may take
        def timeout = policy(:timeout)

        # @return [Boolean] whether units may come back to be tried again
        def retries? = policy(:retries).to_i.positive?

        def ordered? = @step.ordered ? true : false

        # @return [Boolean] whether workers live as long as the run
        def persistent? = @step.context == :ipc_fork

        # @return [Integer] how often an item is given to another worker after one died of it
        def max_retries
          policy(:max_retries) || pipeline&.config&.fetch(:max_retries, nil) || 3
        end

        # @return [Integer, nil] items in a batch, for accumulators
        def batch_size = @step.kind == :batch ? @step.max_size || 100 : nil

        # @return [Float, nil] seconds a batch may be kept
        def batch_wait = batch_size && @step.max_wait

        # Makes what all children need alike, in the parent: touching fresh memory is what makes
        # a child start slowly.
        # @return [void]
        def prepare
          @run_for_child = @run.respond_to?(:set_up) ? Run.new(@user_object, @run.program).set_up : @run
          @relay = LogRelay.of(Minigun.logger)
          @recorder = recorder
        end

        # To be called first in a child: the run is going on there, too.
        # @return [void]
        def enter
          @run.program.pipelines.first&.pipeline&.run_is_elsewhere if @run.respond_to?(:program)
        end

        # What only holds for children forked at once.
        # @return [void]
        def forget
          @recorder = nil
        end

        # The parent's run drives this step instead of calling it, so children have another one.
        # @return [#call_step]
        attr_reader :run_for_child

        # @return [Logger] with LogRelay, or the parent's own
        attr_reader :relay

        # @return [WriteBack::Recorder, nil] of the user object as of now
        def recorder
          @recorder || (WriteBack::Recorder.new(@user_object, place) if write_back?)
        end

        # @return [String] for messages
        def place
          pipeline ? "[Pipeline:#{pipeline.name}][Stage:#{name}]" : "[Stage:#{name}]"
        end

        private

        def policy(key) = @step.policy && @step.policy[key]

        def pipeline
          @run.program.pipelines[@step.pipeline_index || 0]&.pipeline if @run.respond_to?(:program)
        end
      end
    end
  end
end
