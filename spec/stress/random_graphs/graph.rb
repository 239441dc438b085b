# frozen_string_literal: true

module RandomGraphs
  # One stage (or nested pipeline) of a graph, as plain data.
  #
  # An item is [value, hops]. What a stage does with it depends on the item alone,
  # so results do not depend on the order in which items arrive.
  Node = Struct.new(
    :name, :kind,         # :producer, :each, :loop, :custom, :batch, :native or :pipeline
    :to,                  # names of static targets
    :dynamic,             # names it may address by output.to
    :await, :queue_size,
    :context, :workers, :ordered, # nil, :thread, :cow_fork or :ipc_fork
    :rate,                # fails on values divisible by it
    :policy,              # what becomes of those: :retries, :dead_letter or :replace; nil for the default
    :takes,               # of a loop that ends early: how many items
    :fan,                 # results for every third value
    :count, :hops,        # of a producer
    :replicas,            # siblings that share the items round robin
    :size, :block,        # of a batch; whether the accumulator has a block
    :native,              # of native stages: which of Program::NATIVE
    :style,               # :output or :emit
    :children,            # of a pipeline
    keyword_init: true
  ) do
    def producer? = kind == :producer
    def pipeline? = kind == :pipeline

    # What it sends for an item, as [target or nil, item]; nil if it fails.
    def sends(item)
      value, hops = item
      return (replacement(hops) if policy == :replace) if fails?(item)
      return [] if drops?(item)

      out = Array.new((value % 3).zero? ? fan : 1) { |k| [nil, [mix(value, k), hops]] }
      out << [dynamic[value % dynamic.size], [mix(value, 50), hops - 1]] if dynamic.any? && hops.positive? && value.odd?
      out
    end

    # Native stages let through what doesn't end in 0, or has four digits, or both.
    def drops?(item)
      value = item.first
      (%i[grep both].include?(native) && (value % 10).zero?) || (%i[json both].include?(native) && value < 1_000)
    end

    def fails?(item) = rate ? (item.first % rate).zero? : false

    # Passed on for an item that fails, where the policy says so.
    def replacement(hops) = [[nil, [REPLACEMENT, hops]]]

    # What a producer makes its sends from.
    def seeds = Array.new(count) { |n| [mix(n, 0), hops] }

    private

    def mix(value, k) = ((value * 31) + (name.to_s.sum * 17) + (k * 101) + 7) % 100_003
  end

  REPLACEMENT = 100_003

  # The nodes of the root pipeline in order of definition; static edges lead forward.
  class Graph
    attr_reader :nodes

    def initialize(nodes)
      @nodes = nodes
    end

    def copy = Marshal.load(Marshal.dump(self))

    def all(list = nodes) = list.flat_map { |node| [node, *(all(node.children) if node.pipeline?)] }
    def leaves = all.reject(&:pipeline?)
    def find(name) = all.find { |node| node.name == name }
    def siblings(node) = [nodes, *all.filter_map(&:children)].find { |list| list.include?(node) }
    def parent(node) = all.find { |other| other.pipeline? && other.children.include?(node) }

    # Where an item enters that is sent to the name.
    def entrances(name)
      node = find(name)
      return [node] unless node.pipeline?

      inside = node.children.reject(&:producer?)
      free = inside.reject { |child| child.await || fed?(child) }
      free = [inside.find { |child| !child.await } || inside.first] if free.empty?
      free.compact.flat_map { |child| entrances(child.name) }
    end

    # Where a leaf's output goes without an address.
    def successors(node)
      return node.to.flat_map { |name| entrances(name) } if node.to.any?

      outer = parent(node)
      outer ? successors(outer) : []
    end

    # Has it upstream among its siblings?
    def fed?(node) = siblings(node).any? { |other| other.to.include?(node.name) }

    # Leaves that may get items no producer made alone: those behind an accumulator.
    def behind_batches
      reached = leaves.select { |leaf| leaf.kind == :batch }
      reached.each { |leaf| reached.concat((targets(leaf) - reached).uniq(&:name)) }
      reached.map(&:name)
    end

    def targets(leaf) = (successors(leaf) + leaf.dynamic.flat_map { |name| entrances(name) })
  end
end
