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
        @found = stages_by_name
        dag.topological_sort.each { |name| plan_stage(name) }
        @found.each_key { |name| plan_stage(name) unless @types.key?(name) }
        self
      end

      # @return [Symbol] :thread, :fork, :ractor or :inline
      def context_for(name)
        @types.fetch(name, DEFAULT_TYPE)
      end

      # @return [Symbol, String, nil] the name of the stage it is co-located with
      def affinity_for(name)
        @affinities[name]
      end

      def colocated?(stage, source)
        affinity = affinity_for(stage)
        !affinity.nil? && Names::Table.key(affinity) == Names::Table.key(source)
      end

      # @return [Array<Symbol>] the types that occur
      def context_types
        @types.values.uniq
      end

      # @return [Hash] names of stages by the name of the one they are co-located with;
      #   the independent ones by nil
      def affinity_groups
        @names.group_by { |name| @affinities[name] }
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

      def forget
        @names = []
        @types = Names::Table.new
        @affinities = Names::Table.new
      end

      def stages_by_name
        return stages if stages.is_a?(Names::Table)

        stages.each_with_object(Names::Table.new) { |(name, stage), found| found[name] = stage }
      end

      # Predecessors have been planned.
      def plan_stage(name)
        stage = @found[name] or return
        source = source_of(name, stage)
        @names << name
        @affinities[name] = source
        @types[name] = source ? @types[source] : type_of(stage)
      end

      def source_of(name, stage)
        upstream = dag.upstream(name)
        return unless upstream.size == 1 && plain?(stage)

        feeder = @found[upstream.first]
        upstream.first if feeder && !feeder.accumulator? && !feeder.composite?
      end

      def plain?(stage)
        stage.strategy.to_s == Stage::DEFAULT_STRATEGY.to_s && stage.execution_context.nil? &&
          (stage.options.empty? || PLACING.none? { |option| stage.options[option] })
      end

      def type_of(stage)
        declared = declared_type(stage).to_s
        base = Placement::STRATEGIES[declared] || Placement::TYPES[declared]
        TYPES[base] || config[:default_context] || DEFAULT_TYPE
      end

      def declared_type(stage)
        options = stage.options
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
