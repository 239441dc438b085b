# frozen_string_literal: true

module Minigun
  # The statistics of one pipeline in one run: a Stats for each stage, and what follows from them.
  #
  #   stats = Minigun::AggregatedStats.new(:default, dag)
  #   stats.for_stage(:parse).increment_produced
  #   stats.stage_stats["parse"].items_produced # => 1
  class AggregatedStats
    # Stats by stage name. Look-ups take a name, as Symbol or String, or the stage.
    class ByName < Hash
      # Is there one under this very key?
      # @api private
      alias exact? key?

      # Hash#[] and #dig ask this for what they don't find.
      def default(key = nil)
        own = own_key(key)
        exact?(own) ? self[own] : nil
      end

      def fetch(key, *default, &block) = super(own_key(key), *default, &block)

      def key?(key) = exact?(own_key(key))
      alias has_key? key?
      alias include? key?
      alias member? key?

      private

      def own_key(key)
        return key if exact?(key)

        case key
        when nil then nil
        when Symbol then exact?(key.name) ? key.name : key
        when String then exact?(key.to_sym) ? key.to_sym : key
        else key.respond_to?(:name) ? own_key(key.name) : key
        end
      end
    end

    # @return [Symbol, String]
    attr_reader :pipeline_name

    # @return [Minigun::Pipeline, nil]
    attr_reader :pipeline

    # @return [Hash{Symbol, String => Minigun::Stats}]
    attr_reader :stage_stats

    # @return [Time, nil]
    attr_reader :start_time, :end_time

    # @param pipeline [Symbol, String, Minigun::Pipeline] the pipeline or its name
    # @param dag [Minigun::DAG] the graph of its stages
    def initialize(pipeline, dag)
      named = !pipeline.is_a?(Symbol) && !pipeline.is_a?(String) && pipeline.respond_to?(:name)
      @pipeline = named ? pipeline : nil
      @pipeline_name = named ? pipeline.name : pipeline
      @dag = dag
      @stage_stats = ByName.new
      @start_time = @end_time = nil
      @lock = Mutex.new
    end

    # Gets or creates the statistics of a stage.
    # @param stage [Symbol, String, Minigun::Stage]
    # @param is_terminal [Boolean] counts only when they are created
    # @return [Minigun::Stats]
    def for_stage(stage, is_terminal: false)
      @stage_stats[stage] || @lock.synchronize { @stage_stats[stage] || create(stage, is_terminal) }
    end

    # As #for_stage, for a stage of the pipeline that most likely has none yet.
    # @param stage [Minigun::Stage]
    # @return [Minigun::Stats]
    # @api private
    def enter(stage, is_terminal)
      name = stage.name
      @lock.synchronize do
        next @stage_stats[name] if @stage_stats.exact?(name)

        @stage_stats[name] = Stats.new(name, is_terminal: is_terminal, stage: stage)
      end
    end

    # @return [Time]
    def start!
      @start_time = Time.now
    end

    # @return [Time]
    def finish!
      @end_time = Time.now
    end

    # @return [Numeric] seconds from start to end, or until now
    def runtime
      @start_time ? (@end_time || Time.now) - @start_time : 0
    end

    # @return [Integer]
    def total_items
      @stage_stats.values.sum(&:total_items)
    end

    # @return [Integer] what the stages without upstream have produced
    def total_produced
      @dag.sources.sum { |name| @stage_stats[name]&.items_produced || 0 }
    end

    # @return [Integer] what the stages without successors have consumed
    def total_consumed
      @dag.terminals.sum { |name| @stage_stats[name]&.items_consumed || 0 }
    end

    # @return [Numeric] produced items per second
    def throughput
      seconds = runtime
      seconds.zero? ? 0 : total_produced / seconds
    end

    # @return [Minigun::Stats, nil] of the stage with the lowest throughput; one that never started
    #   is none, as long as others did
    def bottleneck
      stages = @stage_stats.values
      started = stages.select(&:start_time)
      (started.empty? ? stages : started).min_by(&:throughput)
    end

    # @return [Array<Minigun::Stats>] predecessors before successors
    def stages_in_order
      @dag.topological_sort.filter_map { |name| @stage_stats[name] }
    end

    # @return [Hash{Symbol => Object}]
    def to_h
      slowest = bottleneck
      hash = {
        pipeline: pipeline_name, runtime: runtime.round(2), total_produced: total_produced,
        total_consumed: total_consumed, throughput: throughput.round(2),
        stages: stages_in_order.map(&:to_h)
      }
      return hash unless slowest

      hash.merge(bottleneck: { stage: slowest.stage_name, throughput: slowest.throughput.round(2) })
    end

    # @return [String] several lines for people
    def summary
      slowest = bottleneck
      lines = ["Pipeline: #{pipeline_name}", "Runtime: #{runtime.round(2)}s",
               "Items: #{total_produced} produced, #{total_consumed} consumed",
               "Throughput: #{throughput.round(2)} items/s"]
      if slowest
        lines << "Bottleneck: #{slowest.stage_name} (#{slowest.throughput.round(2)} items/s)"
      end
      lines << "Stages:"
      lines.concat(stages_in_order.map { |stats| "  #{stats}" }).join("\n")
    end

    private

    # Lock held.
    def create(stage, is_terminal)
      name = stage.is_a?(Symbol) || stage.is_a?(String) ? stage : stage.name
      object = name.equal?(stage) ? @pipeline&.stages&.[](name) : stage
      @stage_stats[name] = Stats.new(name, is_terminal: is_terminal, stage: object)
    end
  end
end
