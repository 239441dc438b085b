# frozen_string_literal: true

module Minigun
  # Completes and validates the graph of one pipeline. Explicit edges exist already;
  # Rule A links producers, Rule B all other stages without outgoing edge. Each stage
  # is looked at once; what the graph knows is asked of the graph.
  class Routing
    INPUT = :_input
    NONE = [].freeze
    private_constant :NONE

    def initialize(pipeline)
      @pipeline = pipeline
      @dag = pipeline.dag
      @names = pipeline.ordered_names
      @stages = @names == pipeline.stages.keys ? pipeline.stages.values : @names.map { |name| pipeline.stages[name] }
      @behind_producers, @behind_others = Array.new(@names.size), Array.new(@names.size)
      @spawning = []
    end

    # Adds the edges that follow from the order of definition, and validates all.
    #
    # @yieldparam name [Symbol] an end of an edge that is no stage of the pipeline itself
    # @yieldreturn [Object, nil] what it is, somewhere else
    def complete(&elsewhere)
      @names.each { |name| @dag.add_node(name) } unless @dag.nodes == @names
      link_input if @pipeline.input_queues.any?
      look_at_stages
      each_edge(@behind_producers) { |name, candidate| @dag.add_edge(name, candidate) }
      each_edge(@behind_others) { |name, candidate| @dag.add_edge(name, candidate) if linkable?(name, candidate) }
      known!(elsewhere)
      validate!
      @spawning.reverse_each { |position| batched!(@stages[position], @names[position]) }
    end

    private

    def validate!
      @dag.validate!
    rescue Error => e
      raise Error, "pipeline #{@pipeline.name.inspect}: #{e.message}"
    end

    def link_input
      entry = @stages.index { |stage| !stage.producer? }
      @dag.add_edge(INPUT, @names[entry]) if entry
    end

    # Finds, for each stage without outgoing edge, the one later stage it may be linked to: a
    # producer's is the next non-producer, the others' is that, or the first behind it that
    # doesn't wait for dynamic routing.
    def look_at_stages
      following = unawaited = nil
      (@names.size - 1).downto(0) do |position|
        stage = @stages[position]
        @spawning << position if stage.has_spawn_strategy?
        next @behind_producers[position] = following if stage.producer?

        @behind_others[position] = unawaited if unawaited && joins?(stage, @stages[unawaited])
        next if Subscriptions.only?(stage)

        following = position
        unawaited = position unless stage.awaited?
      end
    end

    def joins?(stage, candidate)
      !stage.options[:await] && !(stage.composite? && candidate.composite?)
    end

    # Yields the names of both ends of what may become an edge, in order of definition.
    def each_edge(candidates)
      candidates.each_with_index do |candidate, position|
        yield @names[position], @names[candidate] if candidate && !linked?(@names[position])
      end
    end

    def linked?(name) = !@dag.edges.fetch(name, NONE).empty?

    def linkable?(name, candidate)
      return false if @dag.would_create_cycle?(name, candidate)

      @dag.source?(candidate) || # so nothing feeds it beside this stage
        (!@dag.fan_out_siblings?(name, candidate) && !@dag.sibling_feeds?(name, candidate))
    end

    def known!(elsewhere)
      return if @dag.nodes.size == @names.size

      unknown = @dag.nodes.find do |name|
        !@pipeline.stages.key?(name) && name != INPUT && elsewhere.call(name).nil?
      end
      return unless unknown

      raise Error, "pipeline #{@pipeline.name.inspect}: there is no stage #{unknown.inspect}; " \
                   "define it, or correct the to:, from: or reroute_stage that names it" \
                   "#{Options.hint(unknown, @names)}"
    end

    def batched!(stage, name)
      feeders = @dag.upstream(name).filter_map { |feeder| @pipeline.stages[feeder] }
      return if feeders.empty? || feeders.any? { |feeder| feeder.accumulator? || feeder.composite? }

      raise Error, "#{Options.place(@pipeline, stage)}: it spawns a worker for each batch " \
                   "and needs an accumulator directly before it"
    end
  end
end
