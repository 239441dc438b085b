# frozen_string_literal: true

require_relative "dag/edges"

module Minigun
  # Which stage feeds which: a directed graph of names that refuses cycles. A name is a
  # Symbol, a String with the same text, or a Stage that bears it.
  #
  # What @nodes and @edges hold is the graph; outside code may change them and the Arrays in @edges.
  # The native part mirrors them, see ext/minigun/core/graph.h.
  #
  #   dag = Minigun::DAG.new
  #   dag.add_edge(:read, :parse).add_edge(:parse, :store)
  #   dag.downstream(:read)          # => [:parse]
  #   dag.topological_sort           # => [:read, :parse, :store]
  #   dag.would_create_cycle?(:store, :read) # => true
  class DAG
    # @return [Array] names in the order of adding, as they were first given
    attr_reader :nodes

    # @return [Hash] names to the Arrays of their targets
    attr_reader :edges

    # @!method add_node(name)
    #   Adds a node unless there is one of this name.
    #   @return [self]
    # @!method disconnect(name)
    #   Takes out all edges that leave a node.
    #   @return [self]
    # @!method upstream(name)
    #   @return [Array] names of the direct predecessors
    # @!method index(name)
    #   @return [Integer, nil] the place of the node in nodes
    # @!method edge?(from, to)
    # @!method siblings?(one, other)
    #   Do two different nodes share a predecessor?
    # @!method source?(name)
    #   Has it no predecessors?
    # @!method would_create_cycle?(from, to)
    #   Are they equal, or does `to` lead to `from`?
    # @!method topological_sort
    #   @return [Array] names, each after its predecessors; [] if the graph has a cycle
    # @!method link_in_order(from, to)
    #   Adds an edge that only follows from the order of definition, between nodes by their places: if
    #   `from` has no successors, no cycle is closed, and `to` is neither a sibling of `from` nor
    #   fed by one.
    #   @api private
    # @!method arrange(table)
    #   By places in nodes.
    #   @return [Array] the values of a Hash whose keys are nodes, nil for those that are none
    #   @yieldparam name [Object] a key that is no node
    #   @yieldparam value [Object]
    #   @api private
    # @!method each_fed
    #   By places in nodes, each node after its predecessors, or by its place if the graph has a cycle.
    #   @yieldparam node [Integer]
    #   @yieldparam feeder [Integer, nil] its only predecessor
    #   @api private

    def initialize
      @nodes = Nodes.new
      @edges = Edges.new
    end

    def initialize_copy(original)
      super
      @nodes = original.nodes.dup
      @edges = Edges.copy(original.edges)
    end

    # Adds an edge, and nodes for names that are none yet. An edge that is there is left
    # alone. One that would close a cycle raises Error and changes nothing.
    def add_edge(from, to)
      raise Error, cycle_message(closed_cycle(from, to)) unless link(from, to)

      self
    end

    # Adds an edge from each node to the next.
    def build_sequential!
      nodes.each_cons(2) { |from, to| add_edge(from, to) }
      self
    end

    # Adds an edge to the next node from each one that has no successor.
    def fill_sequential_gaps!
      nodes.each_cons(2) { |from, to| add_edge(from, to) if terminal?(from) }
      self
    end

    # @return [Array] names of the direct successors, in the order of adding
    def downstream(name)
      stray ? stray_downstream(name) : successors(name)
    end

    # Has it no successors?
    def terminal?(name)
      downstream(name).empty?
    end

    # @return [Array] names of the nodes without successors
    def terminals
      nodes.select { |name| terminal?(name) }
    end

    # @return [Array] names of the nodes without predecessors
    def sources
      nodes.select { |name| source?(name) }
    end

    # @return [Array<Array>] the sources, then level by level the nodes whose
    #   predecessors are all in earlier ones; [] if the graph has a cycle
    def execution_groups
      levels.zip(nodes).each_with_object([]) { |(level, name), groups| (groups[level] ||= []) << name }
    end

    # @return [Array] names of the nodes that share a predecessor with this one
    def siblings(name)
      own = index(name)
      upstream(name).flat_map { |parent| downstream(parent) }.uniq.reject { |other| index(other) == own }
    end

    # Are they siblings, without an edge between them?
    def fan_out_siblings?(one, other)
      siblings?(one, other) && !edge?(one, other) && !edge?(other, one)
    end

    # Is there a node of this name?
    def node?(name)
      !index(name).nil?
    end

    # Raises Error if an edge has an end that is no node, or if there is a cycle.
    def validate!
      raise Error, stray_message(*stray) if stray

      found = cycle
      raise Error, cycle_message(found) if found.any?
    end

    def to_s
      lines = nodes.filter_map do |name|
        targets = downstream(name)
        "\n  #{name} → #{targets.join(", ")}" if targets.any?
      end
      "DAG with #{nodes.size} nodes#{lines.join}"
    end

    def inspect
      "#<#{self.class} #{nodes.size} nodes>"
    end

    private

    LONGEST_CYCLE = 12
    private_constant :LONGEST_CYCLE

    # Edges to what is no node are in no mirror.
    def stray_downstream(name)
      @edges[name].uniq
    end

    def closed_cycle(from, to)
      between = path(to, from)
      between.any? ? [between.last, *between] : [from, to]
    end

    def cycle_message(names)
      names = [*names.first(LONGEST_CYCLE), "…", names.last] if names.size > LONGEST_CYCLE + 1
      "Circular dependency: #{names.join(" → ")}"
    end

    def stray_message(from, to)
      return "Unknown stage #{from}, from which an edge leads to #{to}" unless node?(from)

      "Unknown stage #{to}, to which an edge leads from #{from}"
    end
  end
end
