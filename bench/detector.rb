# frozen_string_literal: true

require "rbconfig"
require "tmpdir"
require_relative "support/bench"

# Whether looking for stages that block costs those that don't: counts readings of the CPU clocks.
module Detector
  SHIM = File.expand_path("support/clock_count.c", __dir__)
  LIB = File.expand_path("../lib", __dir__)

  PROGRAM = <<~RUBY
    require "minigun"
    class Quick
      include Minigun::DSL
      producer(:numbers) { Integer(ENV["ITEMS"]).times { |number| emit number } }
      processor(:first) { |number| emit number + 1 }
      consumer(:add) { |number| @sum = (@sum || 0) + number }
    end
    GC.disable # it reads the clocks as well
    Quick.new.run
  RUBY

  module_function

  def available? = RbConfig::CONFIG["host_os"].include?("linux")

  # The readings that a run of so many items adds to those of a run of one.
  def readings(items)
    Dir.mktmpdir do |folder|
      shim = File.join(folder, "clock_count.so")
      system("cc", "-shared", "-fPIC", "-O1", "-o", shim, SHIM, "-ldl", exception: true)
      count(folder, shim, items) - count(folder, shim, 1)
    end
  end

  def count(folder, shim, items)
    file = File.join(folder, "count")
    environment = { "LD_PRELOAD" => shim, "CLOCK_COUNT" => file, "ITEMS" => items.to_s }
    system(environment, RbConfig.ruby, "-I", LIB, "-e", PROGRAM, exception: true)
    Integer(File.read(file))
  end
end

abort "the detector benchmark counts calls on Linux only" unless Detector.available?

Bench.run "detector", "Readings of the CPU clocks in a run of quick items." do
  rounds 1
  figure("readings for 100000 quick items", "") { Detector.readings(100_000) }
  limit "readings for 100000 quick items", at_most: 0
end
