# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require "tmpdir"
require_relative "support/bench"

# What keeping statistics costs: the chain of hop with the gem as it is, and with one compiled without
# sampled times and counts of observations.
module Statistics
  ROOT = File.expand_path("..", __dir__)
  CHANGES = {
    "return reservoir->observed >= reservoir->sampler.next;" => "return (void)reservoir, false;",
    "return mg_reservoir_wants(reservoir) ? 0 : reservoir->sampler.next - reservoir->observed;" =>
      "return (void)reservoir, UINT64_MAX;",
    "reservoir->observed += observations;" => "(void)reservoir, (void)observations;"
  }.freeze

  # Prints the nanoseconds an item of the median of five runs.
  PROGRAM = <<~RUBY
    require "minigun"
    class Chain
      include Minigun::DSL
      pipeline do
        producer(:numbers) { |output| @count.times { |number| output << number } }
        processor(:first) { |number, output| output << (number + 1) }
        processor(:second) { |number, output| output << (number + 1) }
        processor(:third) { |number, output| output << (number + 1) }
        consumer(:add) { |number| @sum += number }
      end
      def initialize(count) = (@count, @sum = count, 0)
      def sum = @sum
    end
    count = Integer(ARGV.fetch(0))
    times = Array.new(6) do
      job = Chain.new(count)
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      job.run
      raise "wrong sum" unless job.sum == count * (count - 1) / 2 + 3 * count
      (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1e9 / count
    end
    puts times.drop(1).sort[2]
  RUBY

  module_function

  # A copy of lib with an extension that keeps no statistics.
  def compile_without(folder)
    FileUtils.cp_r([File.join(ROOT, "lib"), File.join(ROOT, "ext")], folder)
    header = File.join(folder, "ext/minigun/core/histogram.h")
    text = File.read(header)
    CHANGES.each { |from, to| text.sub!(from, to) or raise "#{header} has no line #{from}" }
    File.write(header, text)
    system(RbConfig.ruby, "extconf.rb", chdir: File.join(folder, "ext/minigun"), out: File::NULL, exception: true)
    system("make", "-j2", chdir: File.join(folder, "ext/minigun"), out: File::NULL, err: File::NULL, exception: true)
    library = "minigun.#{RbConfig::CONFIG["DLEXT"]}"
    FileUtils.cp(File.join(folder, "ext/minigun", library), File.join(folder, "lib/minigun", library))
    File.join(folder, "lib")
  end

  def nanoseconds(lib, count)
    environment = { "RUBYOPT" => nil, "RUBYLIB" => nil }
    Float(IO.popen([environment, RbConfig.ruby, "-I", lib, "-e", PROGRAM, count.to_s], &:read))
  end
end

Dir.mktmpdir("minigun-bench") do |folder|
  without = Statistics.compile_without(folder)
  Bench.run "stats", "The chain of hop with statistics, and with the gem compiled without; integers." do
    count = scaled(1_000_000)
    figure("without statistics", "ns an item") { Statistics.nanoseconds(without, count) }
    figure("with statistics", "ns an item") { Statistics.nanoseconds(File.join(Statistics::ROOT, "lib"), count) }
    growth "with statistics", "without statistics", at_most: 1.10
  end
end
