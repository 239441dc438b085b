# frozen_string_literal: true

module RandomGraphs
  # The plain sequential model: one list of things to do, one item at a time.
  class Model
    TooBig = Class.new(StandardError)

    # By name of the leaf: its items in order, and how many it produced and failed.
    attr_reader :inputs, :produced, :failed

    # What the leaf notes: its items that don't fail.
    def seen(leaf) = leaf.rate ? inputs[leaf.name].reject { |item| leaf.fails?(item) } : inputs[leaf.name]

    def initialize(graph, limit: 100_000)
      @graph = graph
      @inputs = Hash.new { |hash, name| hash[name] = [] }
      @produced = Hash.new(0)
      @failed = Hash.new(0)
      todo = graph.leaves.select(&:producer?).flat_map { |leaf| leaf.seeds.map { |item| [leaf, item] } }
      until todo.empty?
        leaf, item = todo.shift
        raise TooBig if (limit -= 1).negative?

        todo.concat(step(leaf, item))
      end
    end

    def items = inputs.values.sum(&:size)

    # Is the order of what arrives at the leaf promised, and observable?
    def ordered?(leaf) = leaf.context.nil? && leaf.replicas.nil? && %i[each loop].include?(leaf.kind) && in_order?(leaf)

    private

    def step(leaf, item)
      @inputs[leaf.name] << item unless leaf.producer?
      sends = leaf.sends(item)
      @failed[leaf.name] += 1 unless sends
      sends.to_a.flat_map do |target, result|
        @produced[leaf.name] += 1
        (target ? @graph.entrances(target) : successors(leaf)).map { |other| [other, result] }
      end
    end

    def successors(leaf) = (@successors ||= {})[leaf.name] ||= @graph.successors(leaf)

    # One sender, which itself keeps the order of what arrives in order.
    def in_order?(leaf)
      senders = @graph.leaves.flat_map { |other| @graph.targets(other).count { |x| x.equal?(leaf) }.then { |n| [other] * n } }
      return false unless senders.one? && senders.first.dynamic.empty?

      sender = senders.first
      sender.producer? || ((sender.context.nil? || sender.ordered) && sender.replicas.nil? && in_order?(sender))
    end
  end
end
