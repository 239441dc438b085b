# frozen_string_literal: true

require "minigun"
require "timeout"

# Every public method, with arguments that make no sense: it may answer, or raise; it may not crash the
# process, nor hang where nothing can interrupt it.
module Misuse
  class Evil
    def to_int = raise(IOError, "evil to_int")
    def to_str = raise(IOError, "evil to_str")
    def to_ary = 7
    def to_sym = Object.new
    def to_s = :no_string
    def hash = -1
    def ==(_other) = raise(IOError, "evil ==")
    def respond_to_missing?(*) = raise(IOError, "evil respond_to?")
  end

  class Liar
    def to_int = 2**80
    def to_str = "\xFF\0liar"
    def to_sym = nil
    def call(*) = throw(:nowhere)
    def to_proc = proc { |*all| all }
  end

  ARGUMENTS = {
    nil: -> {}, negative: -> { -1 }, huge: -> { 2**64 }, float: -> { Float::NAN }, text: -> { "\xFF\0" * 100 },
    symbol: -> { :no_such_thing }, list: -> { [[nil] * 3, {}] }, hash: -> { { nil => self } }, basic: -> { BasicObject.new },
    evil: -> { Evil.new }, liar: -> { Liar.new }, io: -> { $stderr }, proc: -> { proc { |*| raise IOError, "evil block" } }
  }.freeze

  NAME = Module.instance_method(:name) # some modules have a method of that name

  # What ends the process or its threads on purpose.
  SPARED = %i[kill_workers exit! live fork trap].freeze

  class Job
    include Minigun::DSL
    attr_reader :out

    def initialize = @out = []
    producer(:gen) { 5.times { |n| emit n } }
    processor(:work, threads: 2) { |n, output| output << n }
    accumulator(:pack, max_size: 2)
    consumer(:keep) { |batch| @out << batch }
  end

  # A thing to call, made afresh for each method, so that none leaves its traces on another.
  Subject = Struct.new(:name, :make)

  # All calls of one method of one subject.
  Case = Struct.new(:subject, :method) do
    def to_s = "#{subject.name}##{method}"

    def fault
      ARGUMENTS.each_value { |argument| (0..3).each { |count| try(count, argument) } }
      nil
    end

    private

    def try(count, argument)
      object = subject.make.call
      arguments = Array.new(count) { argument.call }
      Timeout.timeout(0.2) { catch(:nowhere) { Kernel.instance_method(:public_send).bind_call(object, method, *arguments) } }
    rescue StandardError, ScriptError, NoMemoryError, SystemStackError, Minigun::Cancelled, Minigun::Stopped
      nil
    end
  end

  module_function

  def ran = Job.new.tap(&:run)

  # Objects that programs get hold of, and one of each native class that can be made.
  def subjects
    pipeline = -> { ran._minigun_task.root_pipeline }
    run = -> { pipeline.call.latest_run }
    {
      "an object" => -> { Job.new }, "an object that ran" => -> { ran }, "a class" => -> { Class.new(Job) },
      "Minigun" => -> { Minigun }, "a task" => -> { ran._minigun_task }, "a pipeline" => pipeline, "a run" => run,
      "statistics" => -> { pipeline.call.stats }, "a stage's statistics" => -> { pipeline.call.stats.for_stage(:work) },
      "a result" => -> { ran.last_result }, "a DAG" => -> { pipeline.call.dag }, "a new DAG" => -> { Minigun::DAG.new },
      "a stage" => -> { pipeline.call.find_stage(:work) }, "a plan" => -> { plan(pipeline.call) },
      "a thread context" => -> { Minigun::Execution.create_context(:thread, :x) },
      "a fork context" => -> { Minigun::Execution.create_context(:fork, :x) },
      "a ractor context" => -> { Minigun::Execution.create_context(:ractor, :x) },
      "a pool" => -> { Minigun::Execution::ContextPool.new(type: :thread, max_size: 2) },
      "an exchange" => -> { Minigun::Execution::Exchange.new(1, 4096) },
      "a closed exchange" => -> { Minigun::Execution::Exchange.new(1, 4096).tap(&:close) },
      "a runner" => -> { Minigun::Runner.new(ran._minigun_task, ran) }
    }.map { |name, make| Subject.new(name, make) } + unmade
  end

  def plan(pipeline) = Minigun::Execution::ExecutionPlan.new(pipeline.dag, pipeline.stages, pipeline.config).plan!

  # Native objects that nobody initialized.
  def unmade
    native_classes.filter_map do |klass|
      klass.allocate
      Subject.new("an unmade #{klass}", -> { klass.allocate })
    rescue TypeError
      nil
    end
  end

  def native_classes(room = Minigun, seen = [])
    room.constants.flat_map do |name|
      value = room.const_get(name)
      next [] unless value.is_a?(Module) && NAME.bind_call(value).to_s.start_with?("Minigun::") && !seen.include?(value)

      seen << value
      inner = native_classes(value, seen)
      native = value.is_a?(Class) && value.instance_methods(false).any? { |each| value.instance_method(each).source_location.nil? }
      native ? [value, *inner] : inner
    end
  end

  def cases
    subjects.flat_map do |subject|
      object = subject.make.call
      methods = object.public_methods.select { |name| ours?(object, name) }
      (methods - SPARED).map { |method| Case.new(subject, method) }
    end
  end

  def ours?(object, name)
    owner = object.method(name).owner
    NAME.bind_call(owner).to_s.start_with?("Minigun") || (owner.singleton_class? && owner.inspect.include?("Minigun"))
  end
end
