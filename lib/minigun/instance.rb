# frozen_string_literal: true

module Minigun
  # What minigun keeps for one instance of a class with DSL: its task and its
  # background run. DSL reaches it here, so that methods the user's class defines
  # under the same names are never called by the library.
  class Instance
    VARIABLE = :@_minigun_instance

    # The record of an object; a frozen object gets a new one each time.
    def self.of(object)
      record = object.instance_variable_get(VARIABLE)
      return record if record&.of?(object)

      record = new(object)
      object.instance_variable_set(VARIABLE, record) unless object.frozen?
      record
    end

    # @return [Task, nil]
    attr_reader :task

    def initialize(object)
      @object = object
    end

    # A duplicated object brings the record of its original.
    def of?(object) = @object.equal?(object)

    # The task, made on the first call.
    def evaluate
      @task ||= blueprint.instantiate(@object)
    end

    # Yields the task, in the background if asked to.
    def run(background)
      return yield(evaluate) unless background

      raise Error, "a background run of this #{@object.class} is going on; wait for it or stop it" if running?

      @background = Background.new(-> { @task&.root_pipeline&.drain(timeout: false) }) { yield(evaluate) }
      puts "Minigun runs in the background (#{@background})"
      @object
    end

    def running? = @background ? @background.running? : false

    def wait
      return puts("No background run to wait for") unless @background

      @background.wait
      nil
    end

    def stop
      return puts("No background run to stop") unless running?

      @background.stop
      nil
    end

    # Nothing of minigun belongs to a dump of the user's object.
    def marshal_dump = nil

    def marshal_load(_nothing) = nil

    def inspect = "#<#{self.class}>"

    private

    def blueprint
      kind = @object.class
      return kind._minigun_task if kind.respond_to?(:_minigun_task)

      raise Error, "#{kind} has no pipeline to run: include Minigun::DSL in the class itself, and not in a single " \
                   "object or a module"
    end

    # What the user's object prints is its own affair.
    def puts(text) = $stdout.puts(text)
  end
end
