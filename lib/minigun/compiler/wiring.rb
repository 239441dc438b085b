# frozen_string_literal: true

module Minigun
  module Compiler
    # Ties the stages of a run together: edges within and across pipelines, the
    # entrances and exits of nested ones.
    class Wiring
      def initialize(layout, directory)
        @runs, @nodes, @directory = layout.runs, layout.nodes, directory
        @crossing = false
      end

      def connect
        @runs.each { |run| read_edges(run) }
        @nodes.each { |node| pass_through(node) if node.stage.composite? && node.nested.nil? }
        @runs.reverse_each { |run| find_entry(run) }
        @runs.each { |run| find_outlets(run) }
        @nodes.each { |node| aim(node) if node.step? }
        @runs.reverse_each { |run| find_exits(run) }
        refuse_circles if @crossing
      end

      private

      def read_edges(run)
        run.pipeline.dag.edges.each do |from, targets|
          next if targets.empty? || (from == Routing::INPUT && !run.nodes.key?(from))

          sender = node_of(run, from)
          targets.each { |to| sender.link(node_of(run, to)) }
        end
      end

      def node_of(run, name)
        run.nodes[Names.key(name)] || foreign(run, name)
      end

      def foreign(run, name)
        @crossing = true
        @directory.find(name, run.index) or
          raise Error, "pipeline #{run.pipeline.name.inspect}: there is no stage #{name.inspect}"
      end

      # Where items that are sent to a nested pipeline go in.
      def find_entry(run)
        composite = run.composite or return
        entrances = entrances_of(run)
        await_at(entrances, composite.await) if composite.await
        return composite.entry = entrances.first&.entry if entrances.size < 2

        composite.entry = composite
        composite.targets = entrances.filter_map(&:entry)
      end

      def entrances_of(run)
        takers = run.nodes.each_value.reject(&:producer?)
        open = takers.select { |node| node.predecessors.empty? && !node.await }
        return open unless open.empty?

        [takers.find { |node| !node.await } || takers.first].compact
      end

      # Behind a router the router waits, else the entrance itself; a nested entrance
      # hands it on to its own entry.
      def await_at(entrances, await)
        return unless entrances.size == 1

        entrances.first.entry&.await ||= await
      end

      # A composite without stages hands on what it gets.
      def pass_through(node)
        node.entry = node
      end

      def find_outlets(run)
        composite = run.composite or return
        run.outlets = composite.successors.empty? ? composite.run.outlets : composite.successors
      end

      def aim(node)
        node.targets ||= entries_of(node, node.successors.empty? ? node.run.outlets : node.successors)
        node.targets.each { |target| target.senders << node }
      end

      def entries_of(node, successors)
        entries = successors.filter_map { |successor| entry_of(node, successor) }
        entries.size > 1 ? entries.uniq : entries
      end

      def entry_of(node, successor)
        entry = successor.entry
        return entry if entry

        Minigun.logger.warn("#{Options.place(node.run.pipeline, node.stage)}: #{successor.stage.name.inspect} " \
                            "only produces; what is sent to it is dropped")
        nil
      end

      def find_exits(run)
        run.nodes.each_value do |node|
          next unless node.successors.empty?

          node.nested ? run.exits.concat(node.nested.exits) : run.exits << node
        end
      end

      # Each graph has no circle; edges between pipelines may close one all the same.
      def refuse_circles
        waiting = @nodes.select(&:step?).to_h { |node| [node, node.senders.size] }.compare_by_identity
        free = waiting.filter_map { |node, senders| node if senders.zero? }
        while (node = free.pop)
          waiting.delete(node)
          node.targets.each { |target| free << target if (waiting[target] -= 1).zero? }
        end
        return if waiting.empty?

        raise Error, "Circular dependency between pipelines: #{waiting.keys.map { |each| each.stage.name }.join(", ")}"
      end
    end
  end
end
