# frozen_string_literal: true

module Minigun
  # Completes and validates the graph of one pipeline. Explicit edges exist already;
  # Rule A links producers, Rule B all other stages without outgoing edge. Linear in
  # stages and edges, but for the cycle checks, which the graph answers.
  class Routing
    INPUT = :_input

    def initialize(pipeline)
      @pipeline = pipeline
      @dag = pipeline.dag
      @names = pipeline.ordered_names
      @stages = @names.map { |name| pipeline.stages[name] }
    end

    # Adds the edges that follow from the order of definition.
    def complete
      read_edges
      link_input if @pipeline.input_queues.any?
      link_producers
      link_others
      validate
    end

    private

    def read_edges
      @names.each { |name| @dag.add_node(name) }
      @downstream = {}
      @upstream = Hash.new { |table, name| table[name] = {} }
      @dag.edges.each do |from, targets|
        next if targets.empty?

        @downstream[from] = true
        targets.each { |to| @upstream[to][from] = true }
      end
    end

    def add_edge(from, to)
      @dag.add_edge(from, to)
      @downstream[from] = true
      @upstream[to][from] = true
    end

    def link_input
      entry = @stages.index { |stage| !stage.producer? }
      add_edge(INPUT, @names[entry]) if entry
    end

    def link_producers
      following = nil
      edges = []
      each_from_last do |name, stage|
        stage.producer? ? edges << [name, following] : following = name
      end
      edges.reverse_each { |from, to| add_edge(from, to) if to && !@downstream[from] }
    end

    def link_others
      following = nil
      candidates = []
      each_from_last do |name, stage|
        next if stage.producer?

        candidates << [name, stage, following] if following
        following = name unless stage.awaited?
      end
      candidates.reverse_each { |name, stage, to| add_edge(name, to) if linkable?(name, stage, to) }
    end

    def each_from_last
      (@names.size - 1).downto(0) { |i| yield @names[i], @stages[i] }
    end

    def linkable?(name, stage, candidate)
      return false if @downstream[name] || stage.awaited?
      return false if stage.composite? && @pipeline.stages[candidate].composite?
      return false if siblings?(name, candidate) || fed_by_sibling?(name, candidate)

      !@dag.would_create_cycle?(name, candidate)
    end

    def siblings?(one, other)
      common_upstream?(one, other) && !@upstream[other].key?(one) && !@upstream[one].key?(other)
    end

    def fed_by_sibling?(name, candidate)
      @upstream[candidate].each_key.any? { |feeder| feeder != name && common_upstream?(name, feeder) }
    end

    def common_upstream?(one, other)
      fewer, more = @upstream.values_at(one, other).map { |feeders| feeders || {} }.minmax_by(&:size)
      fewer.each_key.any? { |feeder| more.key?(feeder) }
    end

    def validate
      @dag.nodes.each { |name| known!(name) }
      @dag.validate!
      @stages.each_with_index { |stage, i| batches!(@names[i]) if stage.has_spawn_strategy? }
    end

    def known!(name)
      return if @pipeline.stages.key?(name) || name == INPUT || @pipeline.find_stage(name)

      raise Error, "pipeline #{@pipeline.name.inspect}: there is no stage #{name.inspect}; " \
                   "define it, or correct the to:, from: or reroute_stage that names it#{guess(name)}"
    end

    def guess(name)
      Options.near(name, @names) { |match| " (did you mean #{match.inspect}?)" }
    end

    def batches!(name)
      feeders = @upstream[name].keys.filter_map { |feeder| @pipeline.stages[feeder] }
      return if feeders.empty? || feeders.any? { |stage| stage.accumulator? || stage.composite? }

      raise Error, "pipeline #{@pipeline.name.inspect}: stage #{name.inspect} spawns a worker for each batch " \
                   "and needs an accumulator directly before it"
    end
  end
end
