# frozen_string_literal: true

# Random graphs against a plain sequential model.
#
#   ruby -Ilib spec/stress/random_graphs.rb                       2,000 graphs from a random seed
#   ruby -Ilib spec/stress/random_graphs.rb --seed 7              the graph of one seed
#   ruby -Ilib spec/stress/random_graphs.rb --seed 7 --show       its program
#   ruby -Ilib spec/stress/random_graphs.rb --seed 7 --count 50 --deep
#   ruby -Ilib spec/stress/random_graphs.rb --family fork         with more forks; see Variants
#
# The graph of a failing seed is shrunk, and the small program printed.

require "minigun"
require "io/wait" unless IO.method_defined?(:wait_readable)
require "json"
require "optparse"
require_relative "../support/cases"
%w[graph model generator program check shrink variants].each { |file| require_relative "random_graphs/#{file}" }

module RandomGraphs
  ENOUGH = 3 # faults

  module_function

  # Checks the graphs of these seeds, each in all variants of its family, and returns the faults as texts.
  def run(seed:, count:, deep: false, family: :mixed, out: $stdout)
    out.puts "random graphs: seeds #{seed} to #{seed + count - 1} --family #{family}#{" --deep" if deep}"
    graphs = ->(number) { Variants.of(Generator.graph(number, deep: deep, family: family), number, family) }
    faults = Cases.run((seed...(seed + count)).to_a, silence: 60, jobs: 2, most: ENOUGH) do |number|
      graphs.call(number).lazy.filter_map { |variant| variant.fault&.then { |fault| "#{variant.name}: #{fault}" } }.first
    end
    texts = faults.map { |index, fault| report(seed + index, fault, deep, family) }
    texts.each { |text| out.puts text }
  end

  def report(seed, fault, deep, family)
    name = fault[/\A\w+/]
    whole = Generator.graph(seed, deep: deep, family: family)
    variant = Variants.of(whole, seed, family).find { |each| each.name == name } || Variants.of(whole, seed, family).first
    graph, smaller, times = shrink(variant, fault, deep ? 30 : 10)
    <<~TEXT
      seed #{seed}: #{fault}
        again: ruby -Ilib spec/stress/random_graphs.rb --seed #{seed} --family #{family}#{" --deep" if deep}
        shrunk in #{times} steps to what is at fault by: #{smaller.lines.first}
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
  def shrink(variant, fault, silence)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + (silence * 15)
    times = 0
    smaller = Shrink.new do |candidate|
      next false if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      (_, found), = Cases.run([candidate] * 4, silence: silence, most: 1) { |graph| variant.with(graph).fault }
      times += 1 if found
      fault = found || fault
      found
    end.call(variant.graph)
    [smaller, fault, times]
  end

  def command_line(arguments)
    options = { seed: Random.new_seed % 1_000_000_000 }
    OptionParser.new do |parser|
      parser.on("--seed N", Integer) { |n| options.update(seed: n, count: options[:count] || 1) }
      parser.on("--count N", Integer) { |n| options[:count] = n }
      parser.on("--deep") { options[:deep] = true }
      parser.on("--family NAME", %i[thread fork mixed], "thread (no forks), fork (many), mixed (each graph everywhere)") do |name|
        options[:family] = name
      end
      parser.on("--show") { options[:show] = true }
    end.parse!(arguments)
    show = options.delete(:show)
    return puts(Program.new(Generator.graph(options[:seed], deep: options[:deep], family: options.fetch(:family, :mixed))).text) if show

    exit run(count: 2000, **options).empty?
  end
end

RandomGraphs.command_line(ARGV) if $PROGRAM_NAME == __FILE__
