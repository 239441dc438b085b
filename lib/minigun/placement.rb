# frozen_string_literal: true

module Minigun
  # Where a stage runs, and how many workers it has there: the stage's options
  # decide, else the innermost context block, else the class's `execution`.
  class Placement
    # A type of context and a size, as declared.
    class Context
      # @return [Symbol, String] as it was written
      attr_reader :type
      # @return [Integer, nil] nil means the configured default
      attr_reader :size

      def initialize(type, size = nil)
        @type, @size = type, size
        freeze
      end

      # For the word `execution_context`, which knows no stage to name.
      def self.named(type, size)
        return new(type, size) if TYPES.key?(type.to_s)

        raise ArgumentError, "unknown execution context type #{type.inspect}: use one of #{BASES.join(", ")}" \
                             "#{Options.hint(type, TYPES.keys)}"
      end
    end

    BASES = %i[inline thread cow_fork ipc_fork ractor fiber].freeze
    TYPES = BASES.each_with_object({}) do |base, types|
      ["", "s", "_pool", "_pools"].each { |ending| types["#{base}#{ending}"] = base }
    end.merge("process" => :cow_fork, "processes" => :cow_fork, "process_pool" => :cow_fork, "fork" => :cow_fork).freeze
    STRATEGIES = {
      "threaded" => :thread, "spawn_thread" => :thread, "spawn_fork" => :cow_fork, "fork_accumulate" => :cow_fork,
      "fork_ipc" => :ipc_fork, "spawn_ractor" => :ractor, "ractor_accumulate" => :ractor
    }.freeze
    DEFAULT_SIZES = { cow_fork: :max_processes, ipc_fork: :max_processes, ractor: :max_ractors }.freeze
    DEFAULT_RACTORS = 4

    # @return [Symbol] :thread, :inline, :cow_fork, :ipc_fork or :ractor
    attr_reader :context
    # @return [Integer, nil] workers; nil for a plain stage
    attr_reader :workers

    PLAIN = Context.new(:thread)

    def initialize(stage, pipeline, kind, terminal)
      @stage, @pipeline, @kind, @terminal = stage, pipeline, kind, terminal
      @ordered = stage.given_options[:ordered] || pipeline.config[:ordered] || false
      place(chosen)
    end

    def ordered? = @ordered && !workers.nil?

    # How many workers a plain terminal stage may get that proves to block.
    def max_workers
      @terminal && !workers && @kind == :each && context == :thread ? @pipeline.config[:max_threads] : 1
    end

    private

    def chosen
      by_options || @stage.execution_context || by_class || PLAIN
    end

    def place(chosen)
      @context, @workers = :thread, nil
      return if chosen.equal?(PLAIN)

      type = type_of(chosen)
      return @context = type if type == :inline
      return unless placeable?

      @context = type unless type == :fiber
      @workers = size_of(type, chosen.size)
    end

    # Producers and loops are called once, in the parent, whatever surrounds them.
    def placeable?
      @kind == :each || (@kind == :batch && !@stage.block.nil?)
    end

    def by_options
      options = @stage.given_options
      return if options.empty?
      return Context.new(options[:execution], size_option) if options[:execution]
      return named(options[:execution_context]) if options[:execution_context]
      return by_strategy(options[:strategy]) if options[:strategy]

      by_size(options)
    end

    def by_size(options)
      return Context.new(:thread, options[:threads]) if options[:threads]
      return Context.new(:cow_fork, options[:processes]) if options[:processes]

      Context.new(:cow_fork, (options[:fork] unless options[:fork] == true)) if options[:fork]
    end

    def by_strategy(strategy)
      return size_option ? Context.new(:thread, size_option) : PLAIN if strategy.to_s == "threaded"

      Context.new(STRATEGIES.fetch(strategy.to_s, strategy), size_option)
    end

    def by_class
      default = @pipeline.config[:execution]
      return if default.nil? || @terminal || @kind != :each

      @ordered = true
      default
    end

    def named(name)
      @pipeline.task&.named_context(name) or
        raise ArgumentError, "#{place_name}: there is no execution context #{name.inspect}; " \
                             "declare it with execution_context #{name.inspect}, type, size" \
                             "#{Options.hint(name, @pipeline.task&.context_names || [])}"
    end

    def size_option = @stage.given_options.values_at(:max, :threads, :processes).compact.first

    def type_of(context)
      TYPES.fetch(context.type.to_s) do |type|
        raise Error, "#{place_name}: unknown strategy or execution #{context.type.inspect}; use one of " \
                     "#{[*STRATEGIES.keys, *BASES].join(", ")}#{Options.hint(type, [*STRATEGIES.keys, *TYPES.keys])}"
      end
    end

    def size_of(type, size)
      size ||= @pipeline.config[DEFAULT_SIZES.fetch(type, :max_threads)] || DEFAULT_RACTORS
      return size if size.is_a?(Integer) && size.positive?

      raise Error, "#{place_name}: a #{type} context needs a positive number of workers, not #{size.inspect}"
    end

    def place_name = Options.place(@pipeline, @stage)
  end
end
