# frozen_string_literal: true

# Runs a small pipeline again and again and prints, as JSON, what the process holds on the way:
# flat.rb CONTEXT RUNS
require "json"
require "minigun"
require_relative "own_memory"

Warning[:experimental] = false
Minigun.logger = Logger.new(nil)

def job(context)
  Class.new do
    include Minigun::DSL
    attr_reader :out

    define_method(:initialize) { @out = [] }
    producer(:gen) { 20.times { |n| emit "item #{n}" } }
    case context
    when "native" then native :work, grep: /item/
    when "failing" then processor(:work) { |text| text.end_with?("3") ? raise("no") : emit(text) }
    when "cancelled" then processor(:work) { |text| text.end_with?("3") ? raise(NotImplementedError) : emit(text) }
    when "routed"
      processor(:route) { |text, output| output.to(:work) << text }
      processor(:work) { |text| emit text }
    when "thread" then processor(:work, threads: 3) { |text| emit text.dup }
    else processor(:work, execution: context.to_sym, threads: 2) { |text| emit text.upcase }
    end
    accumulator(:pack, max_size: 7)
    consumer(:keep) { |batch| @out.concat(batch) }
  end
end

def run(klass)
  klass.new.run
rescue NotImplementedError
  nil
end

def descriptors = Dir.children("/proc/self/fd").size

def children = Dir["/proc/self/task/*/children"].sum { |path| File.read(path).split.size rescue 0 }

def counts
  4.times { GC.start }
  kinds = ObjectSpace.count_objects
  { memory: OwnMemory.resident, threads: Thread.list.size, native: Dir.children("/proc/self/task").size, descriptors: descriptors,
    children: children, data: kinds[:T_DATA], objects: kinds[:TOTAL] - kinds[:FREE] }
end

context, runs = ARGV
runs = Integer(runs)
klass = job(context)
(runs / 5).times { run(klass) }
points = Array.new(9) do |index|
  (runs / 10).times { run(klass) } unless index.zero?
  counts
end
puts JSON.generate(points)
