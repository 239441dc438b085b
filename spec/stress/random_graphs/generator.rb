# frozen_string_literal: true

module RandomGraphs
  # Makes the graph of a seed.
  class Generator
    LIMIT = 250 # items a tiny graph may move

    # @param family [Symbol] :thread (no forks), :fork (many) or :mixed
    def self.graph(seed, deep: false, family: :mixed)
      random = Random.new(seed)
      limit = deep ? LIMIT * 20 : LIMIT
      loop do
        graph = new(random, deep, family).graph
        Model.new(graph, limit: limit)
        return graph
      rescue Model::TooBig
        next
      end
    end

    def initialize(random, deep, family)
      @random = random
      @family = family
      @deep = deep
      @number = 0
    end

    def graph
      @chain = one_in(6)
      nodes = Array.new(@chain ? 1 : 1 + rand(3)) { producer } + list(1 + rand(@deep ? 8 : 5), 0)
      nodes << leaf(:each).tap { |node| node.name = :keep }
      graph = Graph.new(nodes)
      connect(graph.nodes)
      graph.all.select(&:pipeline?).each { |node| connect(node.children) }
      Legal.make(graph)
      replicate(graph)
      address(graph) unless @chain
      Legal.make(graph)
    end

    private

    def rand(limit) = @random.rand(limit)
    def one_in(count) = rand(count).zero?
    def pick(list) = list[rand(list.size)]
    def name(prefix) = :"#{prefix}#{@number += 1}"

    def list(count, depth)
      Array.new(count) do
        next pipeline(depth + 1) if depth < 2 && one_in(6)
        next producer if one_in(12) && !@chain

        leaf(pick(%i[each each each each each loop custom batch]))
      end
    end

    def producer
      Node.new(name: name("p"), kind: :producer, to: [], dynamic: [], fan: 1, count: rand(@deep ? 400 : 13), hops: rand(4),
               style: pick(%i[output emit]))
    end

    def pipeline(depth)
      Node.new(name: name("n"), kind: :pipeline, to: [], dynamic: [], await: one_in(4), queue_size: queue_size,
               children: list(rand(4), depth) << leaf(:each))
    end

    def leaf(kind)
      node = Node.new(name: name("s"), kind: kind, to: [], dynamic: [], await: !@chain && one_in(5) && pick([true, true, 30]), queue_size: queue_size,
                      fan: pick([0, 1, 1, 1, 2, 3]), style: pick(%i[output output emit]))
      node.rate = 2 + rand(9) if one_in(5) && %i[each custom].include?(kind)
      node.policy = pick([nil, :retries, :dead_letter, :replace]) if node.rate
      node.takes = 1 + rand(5) if kind == :loop && one_in(8)
      batch(node) if kind == :batch
      native(node) if kind == :each && one_in(8)
      context(node) if one_in(3) && kind != :loop
      node
    end

    def batch(node)
      node.size = 1 + rand(6)
      node.block = one_in(2)
    end

    def native(node)
      node.kind = :native
      node.rate = node.policy = nil
      node.native = pick(%i[pass grep json both])
      node.ordered = one_in(2)
    end

    def context(node)
      node.context = forks? ? pick(%i[cow_fork ipc_fork]) : pick(%i[thread thread thread ractor])
      node.workers = 1 + rand(3)
      node.ordered = one_in(3) unless node.native
    end

    # They take most of the time.
    def forks? = @family != :thread && one_in(@family == :fork || @deep ? 2 : 8)

    def queue_size = one_in(2) ? nil : pick([1, 1, 2, 3, 8, 0])

    # Static edges forward, to one or several.
    def connect(nodes)
      nodes.each_with_index do |node, index|
        later = nodes.drop(index + 1).reject { |other| other.producer? || other.await }
        next if later.empty? || (node.await && one_in(2))

        node.to = Array.new(one_in(3) && !@chain ? 2 : 1) { @chain ? later.first : near(later) }.map(&:name).uniq
      end
    end

    def near(list) = list[[rand(list.size), rand(list.size)].min]

    # Some stages become several, which share the items round robin.
    def replicate(graph)
      graph.leaves.each { |node| node.replicas = 2 + rand(2) if one_in(2) }
      graph.leaves.each { |node| Legal.replicas(graph, node) }
    end

    def address(graph)
      targets = graph.all.reject { |node| node.producer? || node.replicas }.map(&:name)
      graph.leaves.each do |node|
        next unless one_in(3)

        node.dynamic = Array.new(1 + rand(2)) { pick(targets) }.uniq
        node.style = :output
      end
    end
  end

  # Takes out what the dialect gives no definite meaning, and what would get
  # edges from the rules of completion.
  module Legal
    module_function

    def make(graph)
      graph.nodes.reject! { |node| node.pipeline? && node.children.reject(&:producer?).empty? }
      names = graph.all.map(&:name)
      graph.all.each do |node|
        node.to &= names
        node.dynamic &= names
      end
      [graph.nodes, *graph.all.filter_map(&:children)].each { |list| close(list) }
      graph.all.each { |node| replicas(graph, node) }
      graph.all.each { |node| node.await = true if stranded?(graph, node) }
      graph.all.each { |node| node.block = true if node.await } # the stage behind would be awaited too
      graph.leaves.each { |node| plain(node) if node.native && node.await } # and those behind would be entrances
      plain_failures(graph) if graph.leaves.any?(&:takes)
      forward(graph)
      graph
    end

    def plain(node)
      node.kind = :each
      node.native = node.ordered = nil
    end

    # What is sent to a stage that has ended fails: nothing that the model knows may come of that.
    def plain_failures(graph)
      graph.leaves.each { |leaf| leaf.policy = nil if leaf.policy == :replace }
    end

    # Every node but the last has targets, or is awaited and has none.
    def close(list)
      list.last.to = []
      list.last.await = false
      list[0..-2].each { |node| node.to = [list.last.name] if node.to.empty? && !node.await }
    end

    # Replicas have one sender, a stage of its own, that sends nowhere else.
    def replicas(graph, node)
      return unless node.replicas

      senders = graph.siblings(node).select { |other| other.to.include?(node.name) }
      addressed = graph.all.any? { |other| other.dynamic.include?(node.name) }
      last = graph.siblings(node).last.equal?(node)
      enters = graph.all.any? { |other| other.pipeline? && graph.entrances(other.name).include?(node) }
      fine = senders.one? && senders.first.to.one? && !senders.first.pipeline? && !senders.first.replicas && !addressed && !last && !enters
      node.replicas = nil unless fine && !node.await && node.kind == :each
    end

    # Without upstream a stage would end at once.
    def stranded?(graph, node)
      return false if node.producer? || graph.fed?(node)

      outer = graph.parent(node)
      return true unless outer

      enters = graph.entrances(outer.name)
      inside = node.pipeline? ? graph.entrances(node.name) : [node]
      !(graph.fed?(outer) || outer.await) || (inside - enters).any?
    end

    # Stages end one after another, so what a flush brings about is sent forward only.
    def forward(graph)
      order = graph.leaves.map(&:name)
      late = graph.behind_batches
      graph.leaves.each do |leaf|
        next unless late.include?(leaf.name)

        leaf.dynamic.select! do |name|
          graph.entrances(name).all? { |target| order.index(target.name) > order.index(leaf.name) }
        end
      end
    end
  end
end
