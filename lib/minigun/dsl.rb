# frozen_string_literal: true

module Minigun
  # Makes a class a job: stages are declared in its body, an instance runs them.
  #
  #   class Squares
  #     include Minigun::DSL
  #     attr_reader :out
  #     def initialize = @out = []
  #
  #     producer(:count) { 3.times { |n| emit n } }
  #     processor(:square) { |n| emit n * n }
  #     consumer(:keep) { |n| @out << n }
  #   end
  #   job = Squares.new
  #   job.run # => 3
  #   job.out # => [0, 1, 4]
  module DSL
    include Emitter
    include Evaluation::Words

    def self.included(base)
      super
      base.extend(ClassMethods)
      base.instance_variable_set(:@_minigun_task, Blueprint.new(base))
    end

    # Runs the job with signals handled; with `background: true` on a thread of its own.
    #
    # @return [Integer, self] the count, see Pipeline#run; self in the background
    def run(background: false)
      Instance.of(self).run(background) { |task| task.run(self) }
    end

    %i[go_brr! go_brrr! go_brrrr! go_brrrrr!].each do |name|
      define_method(name) { |background: false| DSL.instance_method(:run).bind_call(self, background: background) }
    end

    # Runs the job without a Runner: signals and summary are the caller's.
    #
    # @return [Integer, self] as #run
    def perform(background: false)
      Instance.of(self).run(background) { |task| task.perform(self) }
    end

    alias_method :execute, :perform

    # Is a background run going on?
    def running? = Instance.of(self).running?

    # Waits for the background run.
    def wait = Instance.of(self).wait

    # Ends the background run: stages, threads and children.
    def stop = Instance.of(self).stop

    # Lets the run that is going on finish what it has accepted, see Pipeline#drain.
    def drain(timeout: nil) = Instance.of(self).task&.drain(timeout: timeout) || false

    # Stops the run that is going on, see Pipeline#cancel.
    def cancel = Instance.of(self).task&.cancel || false

    # @return [Result, nil] what came of this object's latest run that has ended
    def last_result = Instance.of(self).task&.last_result

    # Attaches the live view to the job.
    def hud
      task = Instance.of(self).task or raise "the pipeline is not initialized: run it first"
      HUD.launch(task.root_pipeline)
    end

    # Evaluates the definitions for this instance, once.
    #
    # @return [Task]
    def _evaluate_pipeline_blocks! = Instance.of(self).evaluate

    # @return [Task, nil] the task of this instance, once its definitions were evaluated
    def _minigun_task = Instance.of(self).task

    # The words at class level. Each is recorded and nothing else, see Definition.
    module ClassMethods
      # @return [Blueprint] the task of the class
      def _minigun_task
        @_minigun_task ||= superclass._minigun_task.inherit(self)
      end

      # @return [Array<Hash>] the unevaluated `pipeline` blocks
      def _pipeline_definition_blocks
        _minigun_task.definition.select(&:pipeline_block?).map do |entry|
          { name: entry.arguments.first, options: entry.options, block: entry.block }
        end
      end

      def inherited(subclass)
        super
        subclass._minigun_task
      end

      (Builder::WORDS - Settings::WORDS - %i[execution]).each do |word|
        define_method(word) do |*arguments, **options, &block|
          WordCheck.call(word, arguments, options, block)
          builder = Evaluation.builder_of(self)
          next builder.public_send(word, *arguments, **options, &block) if builder

          _minigun_task.record(word, arguments, options, block, word == :batch ? Definition.place(caller_locations) : nil)
          nil
        end
      end

      (Settings::WORDS + %i[execution]).each do |word|
        define_method(word) do |*arguments, **options, &block|
          WordCheck.call(word, arguments, options, block)
          (Evaluation.builder_of(self) || _minigun_task.settings).public_send(word, *arguments, **options)
        end
      end
    end
  end
end
