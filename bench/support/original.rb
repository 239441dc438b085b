# frozen_string_literal: true

# Runs a program of bench/programs with the gem that the load path gives; answers with seconds,
# result and peak memory on standard output.
require "minigun"
require_relative "machine"

answer = $stdout.dup
$stdout.reopen(File::NULL)
program, items = ARGV
body = eval(File.read(program), TOPLEVEL_BINDING, program)

body.call(1)
GC.start
if Bench::Machine.measures_memory?
  Bench::Machine.forget_peak
  before = Bench::Machine.resident
end
started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
result = body.call(Integer(items))
seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
answer.binmode.write(Marshal.dump([seconds, result, before && (Bench::Machine.peak - before)]))
