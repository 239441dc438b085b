# frozen_string_literal: true

# Runs under the shim: each scenario with the first, second, ... call failing, until none is left to fail.
# Says what went wrong, or how many calls were made to fail.
#
#   LD_PRELOAD=tmp/shim.so ruby -Ilib spec/faults/scenarios.rb CALL ERRNO TIMES

require "minigun"
require "timeout"

module Faults
  ITEMS = 40
  MOST = 60

  STAGES = {
    "threads" => "processor(:work, threads: 2) { |n| emit n }",
    "items that are tried again" => "processor(:work, threads: 2, retries: 1, backoff: 0) { |n| emit n }",
    "a blocking stage" => "processor(:work) { |n| sleep 0.002 if n < 5; emit n }",
    "persistent workers" => "processor(:work, execution: :ipc_fork, max: 2) { |n| emit n }",
    "copy-on-write workers" => "processor(:work, execution: :cow_fork, max: 2) { |n| emit n }",
    "batches in children" => "accumulator(:pack, max_size: 7)\nspawn_fork(:work) { |batch| @batches << batch }"
  }.freeze

  module_function

  def job(stage)
    Class.new do
      include Minigun::DSL
      attr_reader :out, :batches

      def initialize = (@out, @batches = [], [])
      class_eval("producer(:gen) { #{ITEMS}.times { |n| emit n } }\n#{stage}\nconsumer(:keep) { |n| @out << n }", "fault", 1)
    end.new
  end

  # @return [Array] the object, and what came of its run
  def run(stage)
    object = job(stage)
    [object, Timeout.timeout(25) { object.perform }]
  rescue Timeout::Error
    raise
  rescue StandardError, NoMemoryError => e
    [object, e]
  end

  def arm(call, error, at, times)
    @round = @round.to_i + 1
    { "FAULT_ERRNO" => error, "FAULT_AT" => at, "FAULT_TIMES" => times, "FAULT_PID" => Process.pid, "FAULT_ROUND" => @round,
      "FAULT_CALL" => call }.each { |name, value| ENV[name] = value.to_s }
  end

  def disarm = ENV.delete("FAULT_CALL")

  def hit? = ENV["FAULT_HIT"] == @round.to_s

  # What is wrong after a run, whether it was completed or not.
  def fault_of(object, ended)
    return nil_or_leftovers if ended.is_a?(Exception)
    return "returned #{ended}" unless ended == ITEMS

    got = (object.out + object.batches.flatten).tally
    lost = object.last_result.stages.sum(&:undelivered)
    return "doubled: #{got.select { |_, n| n > 1 }}" if got.any? { |_, n| n > 1 }
    return "lost #{ITEMS - got.size}, #{lost} in the books" if ITEMS - got.size > lost
    return "cancelled, and the caller wasn't told" if object.last_result.stages.sum(&:cancelled).positive?

    nil_or_leftovers
  end

  def nil_or_leftovers
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 3
    while (left = leftovers)
      return "left behind: #{left}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.005
    end
  end

  def leftovers
    others = Thread.list - [Thread.current] - @held.to_a
    return others.map(&:inspect) if others.any?

    "child" if Process.waitpid(-1, Process::WNOHANG) || true
  rescue Errno::ECHILD
    nil
  end

  def check(call, error, times)
    STAGES.sum do |name, stage|
      run(stage) # what the first run opens and keeps
      (1..MOST).take_while { |at| one(name, stage, [call, error, at, times]) }.size
    end
  end

  # @return [Boolean] whether there was a call to fail
  def one(name, stage, fault)
    hold if fault.first == "pthread_create"
    arm(*fault)
    object, ended = run(stage)
    disarm
    wrong = fault_of(object, ended) || again(stage)
    abort "#{name}, call #{fault[2]} of #{fault[0]}: #{wrong}" if wrong
    hit?
  end

  # Ruby keeps the native threads of Ruby threads that ended, for others: these take them.
  def hold
    @held = @held.to_a + Array.new(6) { Thread.new { sleep } }
  end

  # The next run is not to know of it.
  def again(stage)
    object, ended = run(stage)
    return "the next run: #{ended.inspect}" if ended.is_a?(Exception)

    fault_of(object, ended)&.then { |text| "the next run: #{text}" }
  end
end

$stdout.sync = true
Minigun.logger = Logger.new(File.open(File::NULL, "w"))
failed = Faults.check(ARGV[0], Integer(ARGV[1]), Integer(ARGV[2] || 1))
abort "no call of #{ARGV[0]} could be made to fail" if failed.zero?
puts "fine, with #{failed} calls that failed"
