# frozen_string_literal: true

module RandomGraphs
  # Makes a failing graph smaller as long as it still fails.
  class Shrink
    SIMPLER = { context: nil, ordered: nil, queue_size: nil, policy: nil, takes: nil, rate: nil, replicas: nil, fan: 1, kind: :each, native: nil,
                style: :output, await: false, hops: 0, workers: 1 }.freeze

    # The block says whether a graph fails.
    def initialize(&fails)
      @fails = fails
      @known = {}
    end

    def call(graph)
      loop do
        smaller = candidates(graph).find { |candidate| @fails.call(candidate) }
        return graph unless smaller

        graph = smaller
      end
    end

    private

    def candidates(graph)
      names = graph.all.map(&:name) - [:keep]
      [
        *names.map { |name| -> { change(graph, name) { |copy, node| remove(copy, node) } } },
        *names.map { |name| -> { change(graph, name) { |copy, node| unwrap(copy, node) } } },
        *[*names, :keep].flat_map { |name| simplifications(graph, name) }
      ].lazy.filter_map(&:call)
    end

    def simplifications(graph, name)
      [
        *SIMPLER.map { |key, value| -> { change(graph, name) { |_, node| set(node, key, value) } } },
        -> { change(graph, name) { |_, node| node.count&.positive? && (node.count /= 2) } },
        -> { change(graph, name) { |_, node| node.count&.positive? && (node.count -= 1) } },
        *%i[to dynamic].map { |list| -> { change(graph, name) { |_, node| node[list].pop if node[list].any? } } }
      ]
    end

    # A legal changed copy, or nil if it was seen before.
    def change(graph, name)
      @known[Marshal.dump(graph)] = true
      copy = graph.copy
      return unless yield(copy, copy.find(name))

      Legal.make(copy)
      return if copy.leaves.none?(&:producer?) || @known[Marshal.dump(copy)]

      @known[Marshal.dump(copy)] = true
      copy
    end

    def remove(graph, node)
      list = graph.siblings(node)
      return if list.last.equal?(node)

      graph.all.each { |other| other.to = (other.to.include?(node.name) ? other.to + node.to : other.to).uniq - [node.name] }
      list.delete_at(list.index(node))
    end

    def unwrap(graph, node)
      return unless node.pipeline?

      list = graph.siblings(node)
      inside = node.children
      graph.all.each do |other|
        enters = graph.entrances(node.name).map(&:name) & inside.map(&:name)
        other.to = other.to.flat_map { |name| name == node.name ? enters : [name] }.uniq
        other.dynamic = other.dynamic.flat_map { |name| name == node.name ? enters : [name] }.uniq
      end
      inside.each { |child| child.to = node.to if child.to.empty? }
      list[list.index(node), 1] = inside
    end

    def set(node, key, value)
      return if node[key] == value || node[key].nil?
      return if key == :kind && !%i[loop custom batch].include?(node.kind)

      key == :native ? Legal.plain(node) : node[key] = value
      true
    end
  end
end
