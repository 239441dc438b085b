# frozen_string_literal: true

# Random graphs against a plain sequential model.
#
#   ruby -Ilib spec/stress/random_graphs.rb                       2,000 graphs from a random seed
#   ruby -Ilib spec/stress/random_graphs.rb --seed 7              the graph of one seed
#   ruby -Ilib spec/stress/random_graphs.rb --seed 7 --show       its program
#   ruby -Ilib spec/stress/random_graphs.rb --seed 7 --count 50 --deep
#
# The graph of a failing seed is shrunk, and the small program printed.

require "minigun"
require "io/wait"
require "optparse"
%w[graph model generator program check child shrink].each { |file| require_relative "random_graphs/#{file}" }

module RandomGraphs
  SLICE = 100 # graphs for each child
  ENOUGH = 3  # faults

  module_function

  # Checks the graphs of these seeds and returns the faults as texts.
  def run(seed:, count:, deep: false, out: $stdout)
    out.puts "random graphs: seeds #{seed} to #{seed + count - 1}#{" --deep" if deep}"
    faults = []
    last = seed + count
    while seed < last && faults.size < ENOUGH
      upto = [seed + SLICE, last].min
      index, fault = Child.first_fault((seed...upto).map { |n| -> { Generator.graph(n, deep: deep) } })
      faults << report(seed + index, fault, deep) if fault
      seed = fault ? seed + index + 1 : upto
    end
    faults.each { |text| out.puts text }
  end

  def report(seed, fault, deep)
    graph, fault, times = shrink(Generator.graph(seed, deep: deep), fault, deep ? 30 : 6)
    <<~TEXT
      seed #{seed}: #{fault}
        again: ruby -Ilib spec/stress/random_graphs.rb --seed #{seed}#{" --deep" if deep}
        shrunk in #{times} steps to
      #{Program.new(graph).text.gsub(/^/, "    ")}
      #{table(graph).gsub(/^/, "    ")}
    TEXT
  end

  # What the stages of the program do, where it is not the ordinary thing.
  def table(graph)
    graph.leaves.map do |leaf|
      what = leaf.to_h.slice(:dynamic, :rate, :fan, :count, :hops).reject { |key, value| value.nil? || value == [] || (key == :fan && value == 1) }
      "# #{leaf.name}: #{what}"
    end.join("\n")
  end

  # A smaller graph that fails within a few trials, as long as there is time.
  def shrink(graph, fault, silence)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + (silence * 20)
    times = 0
    smaller = Shrink.new do |candidate|
      next false if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      _, found = Child.first_fault([-> { candidate }] * 4, silence: silence)
      times += 1 if found
      fault = found || fault
      found
    end.call(graph)
    [smaller, fault, times]
  end

  def command_line(arguments)
    options = { seed: Random.new_seed % 1_000_000_000 }
    OptionParser.new do |parser|
      parser.on("--seed N", Integer) { |n| options.update(seed: n, count: options[:count] || 1) }
      parser.on("--count N", Integer) { |n| options[:count] = n }
      parser.on("--deep") { options[:deep] = true }
      parser.on("--show") { options[:show] = true }
    end.parse!(arguments)
    show = options.delete(:show)
    return puts(Program.new(Generator.graph(options[:seed], deep: options[:deep])).text) if show

    exit run(count: 2000, **options).empty?
  end
end

RandomGraphs.command_line(ARGV) if $PROGRAM_NAME == __FILE__
