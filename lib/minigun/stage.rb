# frozen_string_literal: true

module Minigun
  # A step of a pipeline: a name, options, and what to do. Classes of the user may
  # descend from it; an instance then owns its loop in `call(input, output)`.
  #
  #   class Total < Minigun::Stage
  #     def call(input, output)
  #       sum = 0
  #       until (item = input.pop).is_a?(Minigun::EndOfStage)
  #         sum += item
  #       end
  #       output << sum
  #     end
  #   end
  class Stage
    include Emitter

    DEFAULT_STRATEGY = :threaded
    SPAWN_STRATEGIES = %i[spawn_thread spawn_fork spawn_ractor].freeze
    # @api private
    NO_OPTIONS = {}.freeze

    # @return [Symbol, String] the name as it was given
    attr_reader :name
    # @!attribute [r] given_options
    #   As options, but where nothing was given it may be one Hash for all stages.
    #   @api private
    attr_reader :options
    alias_method :given_options, :options
    remove_method :options

    # @return [Proc, nil] the very block that was given
    attr_reader :block
    # @return [Placement::Context, nil] the context block it was defined in
    attr_reader :execution_context

    # Takes keywords, or the positions (name, pipeline, block = nil, options = {}).
    # A Hash in fourth place is the options.
    def initialize(first = nil, second = nil, third = nil, fourth = nil,
                   name: first, pipeline: second, block: third, options: fourth, &given)
      @name = name
      @owner = pipeline
      @block = block || given
      @options = options || {}
    end

    # Options that are neither edges nor hooks.
    # @return [Hash]
    def options
      @options = {} if @options.equal?(NO_OPTIONS) && !frozen?
      @options
    end

    # The pipeline it belongs to.
    def pipeline = @owner

    def task = @owner&.task

    def root_pipeline = @owner&.root_pipeline

    def strategy = given_options.fetch(:strategy, DEFAULT_STRATEGY)

    # Capacity of its queue, where the stage has one of its own.
    def queue_size = given_options.fetch(:queue_size) { given_options[:max_queue] }

    def producer? = false

    def accumulator? = false

    def composite? = false

    # Is it written in C?
    # @api private
    def native? = false

    def has_spawn_strategy? = SPAWN_STRATEGIES.include?(strategy) # rubocop:disable Naming/PredicateName

    # Does it wait for items that only dynamic routing brings?
    def awaited? = await ? true : false

    # What `await:` says; a stage that only takes items from queues by name awaits them.
    # @return [Boolean, Numeric, nil]
    def await = given_options.fetch(:await) { Subscriptions.only?(self) || nil }

    # @return [Symbol] :autonomous, :streaming or :composite
    def run_mode = producer? ? :autonomous : :streaming

    # @return [String] what the log calls it
    def log_type = self.class.name.to_s[/\w+\z/] || "Stage"

    # Does the stage's work outside of a run.
    def execute(_context, *)
      raise NotImplementedError, "#{self.class} doesn't implement execute"
    end

    # Called once after the input ended, before the successors are told. In child processes each
    # calls it at its end, with what it has kept.
    def flush(_context, _output) = nil

    # What it receives, see Signature; nil if there is nothing to call.
    def signature
      @signature ||= StageLoop.signature(self, call_base) || own_signature
    end

    def to_h = { name: name, options: options }

    def [](key)
      to_h[key] if %i[name options].include?(key)
    end

    def inspect = "#<#{self.class} #{name}>"

    # Binds the stage to its pipeline, and to a generated name if it has none.
    # @api private
    def join(pipeline, name)
      @owner = pipeline
      @name = name if @name.nil?
      self
    end

    # @api private
    def place_in(context)
      @execution_context = context
      self
    end

    private

    # Which form of `call` a descendant has, see Signature.of_call.
    def call_base = :loop

    # That of its block or its `call`.
    def own_signature
      Signature.of_call(call_base, method(:call)) if respond_to?(:call)
    end

    def create_input_queue(context) = StageLoop.input_queue(context)

    def create_output_queue(context) = StageLoop.output_queue(context)

    def send_end_signals(context) = StageLoop.send_end_signals(context)
  end
end
