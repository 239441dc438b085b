# frozen_string_literal: true

# Reports the paths of a web server's log with the most failures, and the bytes they cost: once in
# Ruby stages, once in native ones, side by side.
#
#   ruby -Ilib examples/log_report.rb [--top N] [LOG]
#
# The log is NDJSON with path, status and bytes, plain or packed with gzip. Without one,
# bin/make_log makes one of 500 MB; --size takes another size.
require "json"
require "optparse"
require "zlib"
require "minigun"

# What both ways share: the rows, and what is shown of them.
class LogReport
  include Minigun::DSL

  attr_reader :rows

  def initialize(path)
    @path = path
    @rows = []
  end

  def sorted(count)
    rows.sort_by { |row| [-row["count"], -row["sum_bytes"], row["path"]] }.first(count)
  end
end

# Lines, parsed, filtered and summed by Ruby blocks.
class RubyReport < LogReport
  producer :read do
    open = @path.end_with?(".gz") ? Zlib::GzipReader.method(:open) : File.method(:open)
    open.call(@path) { |file| file.each_line { |line| emit line } }
  end
  processor :failures do |line|
    request = JSON.parse(line)
    emit request if request["status"] >= 500
  end
  consumer :sum do |request|
    row = (@sums ||= {})[request["path"]] ||= { "path" => request["path"], "count" => 0, "sum_bytes" => 0 }.tap { |new| @rows << new }
    row["count"] += 1
    row["sum_bytes"] += request["bytes"]
  end
end

# The same in native stages; Ruby sees the result alone.
class NativeReport < LogReport
  pipeline do
    native :read, lines: @path
    native :failures, json: { select: %w[path bytes], where: { "status" => 500.. } }
    native :sum, group: { by: "path", count: true, sum: "bytes" }
    consumer(:keep) { |row| @rows << row }
  end
end

options = { top: 10, size: "500M" }
OptionParser.new do |parser|
  parser.banner = "usage: ruby -Ilib examples/log_report.rb [--top N] [--size SIZE] [LOG]"
  parser.on("--top N", Integer, "how many paths to show (10)") { |count| options[:top] = count }
  parser.on("--size SIZE", "of the log to make, if none is given (500M)") { |size| options[:size] = size }
end.parse!

log = ARGV.first || File.expand_path("../tmp/access-#{options[:size]}.ndjson", __dir__)
unless File.exist?(log)
  abort "log_report: there is no #{log}" if ARGV.first
  system(RbConfig.ruby, File.expand_path("../bin/make_log", __dir__), "--size", options[:size], "--out", log) || exit(1)
end

reports = [RubyReport, NativeReport].to_h do |kind|
  report = kind.new(log)
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  report.perform
  [report, Process.clock_gettime(Process::CLOCK_MONOTONIC) - started]
end
in_ruby, native = reports.keys

puts format("%-40s %9s %14s", "path", "failures", "bytes")
native.sorted(options[:top]).each { |row| puts format("%-40s %9d %14d", *row.values_at("path", "count", "sum_bytes")) }
puts
reports.each { |report, seconds| puts format("%-13s %8.2f s", report.class.name, seconds) }

same = in_ruby.sorted(in_ruby.rows.size) == native.sorted(native.rows.size)
puts "results are #{same ? "equal" : "NOT equal"}"
exit same
