# frozen_string_literal: true

require "timeout"

module RandomGraphs
  # Runs one graph and says what is wrong, or nil.
  class Check
    SECONDS = 45

    # @param fuse [Boolean] whether stages may run together
    def initialize(graph, fuse: true)
      @graph = graph
      @fuse = fuse
      @model = Model.new(graph)
    end

    def fault
      Minigun.configuration.fuse = @fuse
      @object = Program.new(@graph).to_class.new
      before = [descriptors, Thread.list.size]
      count = Timeout.timeout(SECONDS) { @object.run }
      (early? ? parts : all(count)) || books || left(*before)
    rescue Exception => e # rubocop:disable Lint/RescueException
      raise if e.is_a?(Interrupt)

      "raised #{e.class}: #{e.message}\n    #{e.backtrace.to_a.first(6).join("\n    ")}"
    end

    private

    def all(count) = items || batches || shares || order || counters || letters || total(count)

    # Where a stage ends before its input, which items come further is open; not how often.
    def early? = @graph.leaves.any?(&:takes)

    # What is sent to a stage that has ended is an item error, so a stage that retries tries it again.
    def parts
      watched.each do |leaf|
        tries = leaf.policy == :retries && leaf.dynamic.any? ? 1 + Program::RETRIES : 1
        more = minus(seen.fetch(leaf.name, []).tally, @model.seen(leaf).tally.transform_values { |n| n * tries })
        return "#{leaf.name}: too many #{more}" if more.any?
      end
      nil
    end

    def books
      odd = @object.last_result.stages.reject(&:balanced?)
      "the books of #{odd.map(&:to_h)}" if odd.any?
    end

    def letters
      wanted = @graph.leaves.select { |leaf| leaf.policy == :dead_letter }.sum { |leaf| @model.failed[leaf.name] }
      result = @object.last_result
      "dead letters: #{result.dead}, #{result.dead_letters.size}, not #{wanted}" if [result.dead, result.dead_letters.size] != [wanted] * 2
    end

    def seen
      @seen ||= @object.seen.group_by { |name, _| name.to_s.sub(/_\d+\z/, "").to_sym }
                       .transform_values { |list| list.map(&:last) }
    end

    def items
      watched.each do |leaf|
        got = seen.fetch(leaf.name, []).tally
        wanted = @model.seen(leaf).tally
        return "#{leaf.name}: missing #{minus(wanted, got)}, too many #{minus(got, wanted)}" if got != wanted
      end
      nil
    end

    def minus(one, other) = one.to_h { |item, n| [item, n - other.fetch(item, 0)] }.select { |_, n| n.positive? }.first(5)

    # A batch is full, except the last.
    def batches
      each_of(:batch) do |leaf|
        sizes = seen.fetch(:"#{leaf.name}#", [])
        odd = sizes.reject { |size| size == leaf.size }
        return "#{leaf.name}: batches of #{sizes}" if odd.size > 1 || odd.any? { |size| !size.between?(1, leaf.size) }
      end
    end

    # Item k goes to replica k mod n.
    def shares
      @graph.leaves.select(&:replicas).each do |leaf|
        next if leaf.rate # those that fail are not noted

        total = @model.inputs[leaf.name].size
        wanted = Array.new(leaf.replicas) { |k| (total - k).fdiv(leaf.replicas).ceil }
        got = Array.new(leaf.replicas) { |k| @object.seen.count { |name, _| name == :"#{leaf.name}_#{k}" } }
        return "#{leaf.name}: shares #{got}, not #{wanted}" if got != wanted
      end
      nil
    end

    def order
      watched.each do |leaf|
        next unless @model.ordered?(leaf)
        return "#{leaf.name}: order" if seen.fetch(leaf.name, []) != @model.seen(leaf)
      end
      nil
    end

    def counters
      @graph.leaves.reject { |leaf| leaf.replicas || %i[batch native].include?(leaf.kind) }.each do |leaf|
        stats = statistics(leaf)
        wanted = [@model.inputs[leaf.name].size, @model.produced[leaf.name], @model.failed[leaf.name]]
        got = stats ? [stats.items_consumed, stats.items_produced, stats.items_failed] : [0, 0, 0]
        return "#{leaf.name}: consumed, produced, failed #{got}, not #{wanted}" if got != wanted
      end
      nil
    end

    def statistics(leaf)
      pipeline_of(leaf).stats.stage_stats[leaf.name]
    end

    def pipeline_of(node)
      outer = @graph.parent(node)
      outer ? pipeline_of(outer).find_stage(outer.name).pipeline : @object._minigun_task.root_pipeline
    end

    # What run returns, where no nested pipeline counts as a source.
    def total(count)
      accumulators = @graph.nodes.select { |node| node.kind == :batch }
      packed = accumulators.sum { |node| @model.inputs[node.name].size }
      packed = 0 if accumulators.all? { |node| node.block && @model.produced[node.name].zero? } # nothing passed on
      return if packed.zero? && @graph.nodes.any? { |node| node.pipeline? && !@graph.fed?(node) }

      wanted = packed.zero? ? @graph.nodes.select(&:producer?).sum { |node| @model.produced[node.name] } : packed
      "returned #{count}, not #{wanted}" unless count == wanted
    end

    def left(descriptors, threads)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 2
      loop do
        left = { threads: Thread.list.size - threads, files: self.descriptors - descriptors, children: children }
        return if left[:threads] <= 0 && left[:files] <= 0 && left[:children].zero?
        return "left behind #{left}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

        Thread.pass
      end
    end

    def descriptors = Dir.children("/dev/fd").size

    def children
      Process.waitpid(-1, Process::WNOHANG) ? 1 : 1
    rescue Errno::ECHILD
      0
    end

    def watched = @graph.leaves.reject { |leaf| leaf.producer? || leaf.kind == :custom }
    def each_of(kind, &block) = @graph.leaves.select { |leaf| leaf.kind == kind }.each(&block) && nil
  end
end
