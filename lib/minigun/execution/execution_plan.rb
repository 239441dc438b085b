# frozen_string_literal: true

module Minigun
  module Execution
    # Where each stage of one pipeline runs: the type of its context, and the stage it is
    # co-located with, so that items go from one to the other by direct calls.
    #
    #   plan = Minigun::Execution::ExecutionPlan.new(pipeline.dag, pipeline.stages, pipeline.config).plan!
    #   plan.context_for(:parse)         # => :thread
    #   plan.colocated?(:parse, :read)   # => true
    class ExecutionPlan
      DEFAULT_TYPE = :thread

      # Types by what Placement makes of an option.
      TYPES = {
        thread: :thread, fiber: :thread, inline: :inline, cow_fork: :fork, ipc_fork: :fork, ractor: :ractor
      }.freeze

      # Options that place a stage, so that it is co-located with no other.
      PLACING = %i[execution execution_context threads processes fork].freeze
      private_constant :TYPES, :PLACING

      # @return [DAG]
      attr_reader :dag
      # @return [Hash] names to stages
      attr_reader :stages
      # @return [Hash]
      attr_reader :config

      def initialize(dag, stages, config)
        @dag, @stages, @config = dag, stages, config
        forget
      end

      # Computes the plan, in linear time.
      #
      # @return [self]
      def plan!
        forget
        find_stages
        dag.each_fed { |number, feeder| plan_stage(number, feeder) }
        (dag.nodes.size...@found.size).each { |number| plan_stage(number, nil) }
        self
      end

      # @return [Symbol] :thread, :fork, :ractor or :inline
      def context_for(name)
        number = number_of(name)
        (number && @others[number]) || DEFAULT_TYPE
      end

      # @return [Symbol, String, nil] the name of the stage it is co-located with
      def affinity_for(name)
        number = number_of(name)
        source_name(number) if number
      end

      def colocated?(stage, source)
        affinity = affinity_for(stage)
        !affinity.nil? && key(affinity) == key(source)
      end

      # @return [Array<Symbol>] the types that occur
      def context_types
        others = @others.values.uniq
        @others.size < @planned ? [DEFAULT_TYPE, *others] : others
      end

      # @return [Hash] names of stages by the name of the one they are co-located with;
      #   the independent ones by nil
      def affinity_groups
        @names.each_with_index.with_object({}) do |(name, number), groups|
          (groups[source_name(number)] ||= []) << name if @found[number]
        end
      end

      # @return [Array] names of the stages that are co-located with no other
      def independent_stages
        affinity_groups.fetch(nil, [])
      end

      # @return [Hash] affinity_groups without the independent stages
      def colocated_stages
        affinity_groups.except(nil)
      end

      private

      # All is kept by the number of a node of the graph; stages that are none follow. Types are
      # kept of those only that have another one than most.
      def forget
        @names, @found, @sources = [], [], []
        @others = {}
        @planned = 0
        @numbers = nil
      end

      def find_stages
        strays = {}
        @found = dag.arrange(stages) { |name, stage| strays[key(name)] = stage }
        @names = dag.nodes.to_a + strays.keys
        @found.concat(strays.values)
      end

      def key(name)
        name.is_a?(Symbol) ? name : Names::Table.key(name)
      end

      def number_of(name)
        @numbers ||= @names.each_with_index.to_h { |each, number| [key(each), number] }
        @numbers[key(name)]
      end

      def source_name(number) = @sources[number] && @names[@sources[number]]

      # Predecessors have been planned.
      def plan_stage(number, feeder)
        stage = @found[number] or return
        plain = plain?(stage)
        source = source_of(feeder) if plain
        type = source ? @others[source] : type_of(stage, plain)
        @sources[number] = source
        @others[number] = type if type && type != DEFAULT_TYPE
        @planned += 1
      end

      # The number of the only predecessor, if it can be joined.
      def source_of(feeder)
        stage = feeder && @found[feeder]
        feeder if stage && !stage.accumulator? && !stage.composite?
      end

      def plain?(stage)
        options = stage.given_options
        stage.strategy == Stage::DEFAULT_STRATEGY && stage.execution_context.nil? &&
          (options.empty? || PLACING.none? { |option| options[option] })
      end

      def type_of(stage, plain)
        return DEFAULT_TYPE if plain

        declared = declared_type(stage).to_s
        base = Placement::STRATEGIES[declared] || Placement::TYPES[declared]
        TYPES[base] || config[:default_context] || DEFAULT_TYPE
      end

      def declared_type(stage)
        options = stage.given_options
        options[:execution] || named_type(stage, options[:execution_context]) || options[:strategy] ||
          (:thread if options[:threads]) || (:cow_fork if options[:processes] || options[:fork]) ||
          stage.execution_context&.type || stage.strategy
      end

      def named_type(stage, name)
        stage.task&.named_context(name)&.type if name
      end
    end
  end
end
