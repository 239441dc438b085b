# frozen_string_literal: true

require_relative "../errors"

module Minigun
  # Who works on the items of steps that the run's own threads don't call.
  module Execution
    # The driver of a step, if it needs one: an object whose drive(input, output) is called once, on
    # a thread of the run, and returns when the input has ended and is settled. Without one the step is
    # called by the run's threads.
    # @param step [Minigun::Step]
    # @param run [Minigun::Execution::Run]
    # @return [#drive, nil]
    def self.driver_for(step, run)
      return unless step.kind == :each || step.kind == :batch || step.context == :native

      case step.context
      when :cow_fork, :ipc_fork then fork_driver(step, run)
      when :ractor
        require_relative "ractor_pool"
        RactorPool.for(step, run, run.program.context)
      when :native
        require_relative "native_pool"
        NativePool.new(run, step, run.program.context)
      end
    end

    # Where there is no fork, the step's hooks for it run here.
    def self.fork_driver(step, run)
      user_object = run.program.context
      return ForkPool.new(run, step, user_object) if Process.respond_to?(:fork)

      Minigun.logger.warn("#{run.place(step)} on threads: there is no fork on this platform")
      [step.before_fork, step.after_fork].each { |hooks| hooks&.each { |hook| user_object.instance_exec(&hook) } }
      nil
    end
    private_class_method :fork_driver
  end
end
