# frozen_string_literal: true

module RandomGraphs
  # The same graph run in another way, which is to come to the same.
  Variant = Struct.new(:name, :graph, :fuse) do
    def fault = Check.new(graph, fuse: fuse).fault
    def with(other) = Variant.new(name, other, fuse)
  end

  # The ways a graph is run: as it is; every other one with each stage for itself, too; and in the mixed
  # family everywhere.
  module Variants
    CONTEXTS = { plain: nil, threads: :thread, ipc: :ipc_fork, cow: :cow_fork }.freeze

    module_function

    def of(graph, number, family)
      ways = [Variant.new("drawn", graph, true)]
      ways << Variant.new("unfused", graph, false) if number.even?
      ways.concat(CONTEXTS.map { |name, context| Variant.new(name.to_s, moved(graph, context), true) }) if family == :mixed
      ways
    end

    # With all stages that may be elsewhere in this context.
    def moved(graph, context)
      graph.copy.tap do |copy|
        copy.leaves.each do |leaf|
          next if leaf.producer? || leaf.kind == :loop

          leaf.context = context
          leaf.workers ||= 2
          leaf.ordered = nil unless context || leaf.native
        end
      end
    end
  end
end
