# frozen_string_literal: true

require "rbconfig"
require_relative "support/bench"

# What there is to pay before the first item.
module Startup
  LIB = File.expand_path("../lib", __dir__)
  LATER_RUNS = 200

  # Answers with the milliseconds of the first run and the median of the later ones.
  PROGRAM = <<~RUBY
    require "minigun"
    class One
      include Minigun::DSL
      attr_reader :last
      pipeline do
        producer(:one) { |output| output << 1 }
        processor(:pass) { |item, output| output << item }
        consumer(:keep) { |item| @last = item }
      end
    end
    times = Array.new(#{LATER_RUNS + 1}) do
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      job = One.new
      job.run
      raise "lost" unless job.last == 1
      (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000
    end
    puts times.first, times.drop(1).sort[#{LATER_RUNS / 2}]
  RUBY

  module_function

  def runs
    output = IO.popen(ruby("-e", PROGRAM), &:read)
    raise "the program failed" unless $?.success?

    output.split.map(&:to_f)
  end

  # The milliseconds of a whole process, the best of a few.
  def process(*arguments)
    Array.new(7) { Bench.seconds { system(*ruby(*arguments), exception: true) } }.min * 1000
  end

  # RubyGems as usual, but no bundle: that is what a program pays that only requires minigun.
  def ruby(*arguments)
    [{ "RUBYOPT" => nil, "RUBYLIB" => nil, "BUNDLE_GEMFILE" => nil }, RbConfig.ruby, "-I", LIB, *arguments]
  end

  # The files of the standard library that requiring minigun loads.
  def standard_library
    @standard_library ||= begin
      list = 'before = $LOADED_FEATURES.dup; require "minigun"; puts $LOADED_FEATURES - before'
      IO.popen(ruby("-e", list), &:readlines).map(&:chomp).reject { |path| path.start_with?(LIB) }
                                             .select { |path| path.start_with?("/") }
    end
  end
end

Bench.run "startup", "Three stages and one item; what `require` costs." do
  later = plain = nil

  figure("first run", "ms") do
    first, later = Startup.runs
    first
  end
  figure("later run", "ms") { later }
  figure("require, over ruby -e 1", "ms") do
    plain = Startup.process("-e", "1")
    Startup.process("-e", 'require "minigun"') - plain
  end
  figure("require, over the parts of the standard library it loads", "ms") do
    loads = Startup.standard_library.map { |path| "require #{path.dump}" }.join(";")
    Startup.process("-e", 'require "minigun"') - Startup.process("-e", loads)
  end

  limit "first run", at_most: 1
  limit "later run", at_most: 0.2
  limit "require, over ruby -e 1", at_most: 25
  limit "require, over the parts of the standard library it loads", at_most: 15
end
