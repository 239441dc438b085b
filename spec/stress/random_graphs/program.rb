# frozen_string_literal: true

module RandomGraphs
  # What the stages of every generated program call. It notes in @seen what
  # arrived where, so forks write it back.
  module Act
    Failure = Class.new(StandardError)

    attr_reader :seen

    def initialize
      @seen = []
    end

    def act(name, item, output = nil)
      node = self.class.table.fetch(name)
      raise Failure, "as planned" if node.fails?(item)

      @seen << [name, item]
      send_all(node.sends(item), output)
    end

    def start(name, output = nil)
      node = self.class.table.fetch(name)
      node.seeds.each { |item| send_all(node.sends(item), output) }
    end

    def text_of(item) = %({"v":#{item.first},"h":#{item.last}})

    def item_of(row) = (row.is_a?(Hash) ? row : ::JSON.parse(row)).values_at("v", "h")

    def act_all(name, items, output)
      @seen << [:"#{name}#", items.size]
      items.each { |item| act(name, item, output) }
    end

    def send_all(sends, output)
      sends.each do |target, item|
        if target then output.to(target) << item
        elsif output then output << item
        else emit item
        end
      end
    end
  end

  # A stage class with a loop of the engine and results by yield.
  class Yielding < Minigun::ConsumerStage
    def call(item)
      raise Act::Failure, "as planned" if options[:node].fails?(item)

      sends = options[:node].sends(item)

      sends.each { |target, result| target ? yield(result, to: target) : yield(result) }
    end
  end

  # Writes a graph as a program and makes its class.
  class Program
    WORDS = { thread: "thread_pool", cow_fork: "cow_fork", ipc_fork: "ipc_fork", ractor: "ractor_pool" }.freeze
    NATIVE = {
      pass: ["pass: true"], grep: [GREP = 'grep: /"v":\\d*[1-9],/'], json: [JSON = 'json: { select: %w[v h], where: { "v" => 1_000.. } }'],
      both: [GREP, JSON]
    }.freeze
    RETRIES = 2
    POLICIES = {
      retries: ", retries: #{RETRIES}, backoff: 0", dead_letter: ", on_error: :dead_letter",
      replace: ", on_error: ->(_, item) { [RandomGraphs::REPLACEMENT, item.last] }"
    }.freeze

    def initialize(graph)
      @graph = graph
    end

    def text = @graph.nodes.map { |node| stage(node) }.join

    def to_class
      text = self.text
      nodes = @graph.leaves.flat_map { |leaf| names(leaf).map { |name| [name, leaf] } }.to_h
      Class.new do
        include Minigun::DSL
        include Act
        singleton_class.attr_accessor(:table)
        self.table = nodes
        pipeline { instance_eval(text, "random graph") }
      end
    end

    private

    def names(node) = node.replicas ? Array.new(node.replicas) { |k| :"#{node.name}_#{k}" } : [node.name]

    def stage(node)
      return pipeline(node) if node.pipeline?

      text = names(node).map { |name| leaf(node, name) }.join
      node.context ? "#{WORDS[node.context]}(#{node.workers}) do\n#{text.gsub(/^/, "  ")}end\n" : text
    end

    def pipeline(node)
      inside = node.children.map { |child| stage(child) }.join.gsub(/^/, "  ")
      "pipeline(#{arguments(node, node.name)}) do\n#{inside}end\n"
    end

    def leaf(node, name)
      given = arguments(node, name)
      case node.kind
      when :producer then "producer(#{given}) { |output| start(#{name.inspect}, output) }\n"
      when :loop then loop_stage(given, name, node.takes)
      when :custom then "custom_stage(RandomGraphs::Yielding, #{given}, node: self.class.table[#{name.inspect}])\n"
      when :batch then batch(node, name)
      when :native then native(node, name)
      else each_stage(node, given, name)
      end
    end

    def each_stage(node, given, name)
      return "processor(#{given}) { |item| act(#{name.inspect}, item) }\n" if node.style == :emit

      "processor(#{given}) { |item, output| act(#{name.inspect}, item, output) }\n"
    end

    def loop_stage(given, name, takes)
      "stage(#{given}) { |input, output| until (item = input.pop).is_a?(Minigun::EndOfStage)\n  " \
        "act(#{name.inspect}, item, output)\n#{"break if (count = count.to_i + 1) == #{takes}\n" if takes}end }\n"
    end

    # Either a block that takes the batch apart, or a stage behind that does.
    def batch(node, name)
      body = "{ |items, output| act_all(#{name.inspect}, items, output) }\n"
      return "accumulator(#{arguments(node, name)}, max_size: #{node.size}) #{body}" if node.block

      behind = :"#{name}_apart"
      "accumulator(#{name.inspect}, max_size: #{node.size}, to: #{behind.inspect}#{options(node, :await, :queue_size)})\n" \
        "processor(#{behind.inspect}#{options(node, :to, :routing, :ordered)}) #{body}"
    end

    # Between a stage that makes texts of the items, and one that makes items of texts or rows.
    def native(node, name)
      stages = NATIVE.fetch(node.native)
      names = [*stages.each_index.map { |i| :"#{name}_native#{i}" }, :"#{name}_apart"]
      middle = stages.each_with_index.map do |stage, i|
        "native(#{names[i].inspect}, #{stage}, to: #{names[i + 1].inspect}#{options(node, :ordered)})\n"
      end
      "processor(#{name.inspect}, to: #{names.first.inspect}#{options(node, :await, :queue_size, :ordered)}) " \
        "{ |item, output| output << text_of(item) }\n#{middle.join}" \
        "processor(#{names.last.inspect}#{options(node, :to, :routing, :ordered)}) { |row, output| act(#{name.inspect}, item_of(row), output) }\n"
    end

    def arguments(node, name)
      name.inspect + options(node, :to, :routing, :await, :queue_size, :ordered) + POLICIES.fetch(node.policy, "")
    end

    def options(node, *wanted)
      targets = node.to.flat_map { |target| names(@graph.find(target)) }
      values = { to: targets, routing: (:round_robin if round_robin?(node)), await: node.await, queue_size: node.queue_size,
                 ordered: node.ordered }
      values.slice(*wanted).filter_map { |key, value| ", #{key}: #{value.inspect}" if value && value != [] }.join
    end

    def round_robin?(node) = node.to.any? { |target| @graph.find(target).replicas }
  end
end
