# frozen_string_literal: true

module RandomGraphs
  # The plain sequential model: one list of things to do, one item at a time.
  class Model
    TooBig = Class.new(StandardError)

    # By name of the leaf: its items in order, and how many it produced and failed.
    attr_reader :inputs, :produced, :failed

    # What the leaf notes: its items that neither fail nor are filtered.
    def seen(leaf)
      return inputs[leaf.name] unless leaf.rate || leaf.native

      inputs[leaf.name].reject { |item| leaf.fails?(item) || leaf.drops?(item) }
    end

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
    def ordered?(leaf)
      leaf.context.nil? && leaf.replicas.nil? && %i[each loop native].include?(leaf.kind) && keeps_order?(leaf) && in_order?(leaf)
    end

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

    # Native stages do if they are told to, whatever the context.
    def keeps_order?(leaf) = (leaf.context.nil? && leaf.kind != :native) || leaf.ordered

    # One sender, which itself keeps the order of what arrives in order.
    def in_order?(leaf)
      senders = @graph.leaves.flat_map { |other| @graph.targets(other).count { |x| x.equal?(leaf) }.then { |n| [other] * n } }
      return false unless senders.one? && senders.first.dynamic.empty?

      sender = senders.first
      sender.producer? || (keeps_order?(sender) && sender.replicas.nil? && in_order?(sender))
    end
  end
end
