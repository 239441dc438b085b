# frozen_string_literal: true

module Minigun
  # Completes and validates the graph of one pipeline. Explicit edges exist already;
  # Rule A links producers, Rule B all other stages without outgoing edge. Each stage
  # is looked at once; what the graph knows is asked of the graph.
  class Routing
    INPUT = :_input

    def initialize(pipeline)
      @pipeline = pipeline
      @dag = pipeline.dag
      keys = pipeline.stages.keys
      @names = pipeline.ordered_names(keys)
      @stages = @names.equal?(keys) ? pipeline.stages.values : @names.map { |name| pipeline.stages[name] }
      @behind = Array.new(@names.size)
      @producing, @spawning = [], []
    end

    # Adds the edges that follow from the order of definition, and validates all.
    #
    # @yieldparam name [Symbol] an end of an edge that is no stage of the pipeline itself
    # @yieldreturn [Object, nil] what it is, somewhere else
    def complete(&elsewhere)
      @names.each { |name| @dag.add_node(name) } unless @dag.nodes == @names
      link_input if @pipeline.input_queues.any?
      look_at_stages
      link_producers
      link_others
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

    # Finds, for each stage, the one later stage it may be linked to: a producer's is the next
    # non-producer, the others' is that, or the first behind it that doesn't wait for dynamic
    # routing.
    def look_at_stages
      following = unawaited = nil
      (@names.size - 1).downto(0) do |position|
        stage = @stages[position]
        @spawning << position if stage.has_spawn_strategy?
        if stage.producer?
          @producing << position
          next @behind[position] = following
        end

        @behind[position] = unawaited if unawaited && joins?(stage, @stages[unawaited])
        next if Subscriptions.only?(stage)

        following = position
        unawaited = position unless stage.awaited?
      end
    end

    def joins?(stage, candidate)
      !stage.given_options[:await] && !(stage.composite? && candidate.composite?)
    end

    # In order of definition.
    def link_producers
      @producing.reverse_each do |position|
        candidate, @behind[position] = @behind[position], nil
        @pipeline.add_edge(@names[position], @names[candidate]) if candidate && @dag.terminal?(@names[position])
      end
    end

    # In order of definition; by their places among the nodes, which mostly are those of the stages.
    def link_others
      in_place = @dag.nodes == @names
      @behind.each_with_index do |candidate, position|
        next unless candidate

        next @dag.link_in_order(position, candidate) if in_place

        @dag.link_in_order(@dag.index(@names[position]), @dag.index(@names[candidate]))
      end
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
