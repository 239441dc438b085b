# frozen_string_literal: true

# One mixed run after the other, many of them killed, cancelled or interrupted, for as long as is asked;
# then the books have to balance, and memory, threads, descriptors and children have to be what they were.
#
#   ruby -Ilib spec/stress/soak.rb SECONDS [SEED]

require "minigun"
require "timeout"
require_relative "own_memory"

class Soak
  ITEMS = 300
  # Kilobytes that the process may grow by from the middle of the soak to its end.
  GROWTH = 8192

  # Stages of all contexts; each item goes through one of two branches.
  class Job
    include Minigun::DSL
    attr_reader :out

    def initialize = @out = []
    producer(:gen, to: %i[pooled forked]) { ITEMS.times { |n| emit n } }
    processor(:pooled, threads: 2, to: :pack, retries: 1, backoff: 0) { |n| n % 50 == 7 ? raise(IOError, "as planned") : emit(n) }
    processor(:forked, execution: :ipc_fork, max: 2, to: :pack) { |n| emit n }
    accumulator(:pack, max_size: 40, to: :inherited)
    processor(:inherited, execution: :cow_fork, max: 2, to: :isolated) { |batch| batch.each { |n| emit n } }
    processor(:isolated, execution: :ractor, max: 2, to: :keep) { |n, output| output << n }
    consumer(:keep) { |n| @out << n }
  end

  def initialize(seconds, seed)
    @random = Random.new(seed)
    @deadline = now + seconds
    @middle = now + (seconds / 2.0)
    @ended = Hash.new(0)
  end

  # @return [Array<String>] what is wrong
  def faults
    found = []
    found.concat(once) while now < @deadline && found.empty?
    puts "#{@ended.values.sum} runs: #{@ended.map { |how, count| "#{count} #{how}" }.join(", ")}"
    found + growth
  end

  private

  def once
    job = Job.new
    how = %i[whole whole killed cancelled timed_out][@random.rand(5)]
    end_of(job, how)
    @ended[how] += 1
    note if now > @middle
    books(job, how)
  end

  def end_of(job, how)
    case how
    when :whole then job.perform
    when :killed then job.run(background: true) && kill_one && job.wait
    when :cancelled then job.run(background: true) && pause && job.stop
    when :timed_out then Timeout.timeout(0.001 + (@random.rand * 0.03)) { job.perform }
    end
  rescue Timeout::Error
    nil
  end

  def pause = sleep(@random.rand * 0.03)

  def kill_one
    pause
    children = Dir.glob("/proc/self/task/*/children").flat_map { |path| File.read(path).split.map(&:to_i) }
    children.sample(random: @random)&.then { |pid| Process.kill(:KILL, pid) }
    true
  rescue Errno::ESRCH, Errno::ENOENT
    true
  end

  def books(job, how)
    result = job.last_result or return []
    odd = result.stages.reject(&:balanced?).map { |stage| "#{how}: the books of #{stage.to_h}" }
    return odd unless %i[whole killed].include?(how)

    doubled = job.out.tally.select { |_, n| n > 2 }.first(3) # both branches bring each item
    missing = (2 * ITEMS) - job.out.size
    lost = result.stages.sum(&:undelivered)
    odd << "#{how}: doubled #{doubled}" if doubled.any?
    odd << "#{how}: #{missing} missing, #{lost} in the books" unless missing.between?(0, lost)
    odd
  end

  def note
    @before ||= measured
  end

  def growth
    before, after = @before || measured, measured
    [("memory grew from #{before[:memory]} to #{after[:memory]} kB" if after[:memory] > before[:memory] + GROWTH),
     ("threads: #{Thread.list.map(&:inspect)}" if after[:threads] > 1),
     ("descriptors grew from #{before[:files]} to #{after[:files]}" if after[:files] > before[:files] + 2),
     ("a child is left" if after[:children])].compact
  end

  def measured
    3.times { GC.start }
    { memory: OwnMemory.resident, threads: settled_threads, files: Dir.children("/proc/self/fd").size,
      children: child? }
  end

  def settled_threads
    deadline = now + 3
    sleep 0.01 until Thread.list.size == 1 || now > deadline
    Thread.list.size
  end

  def child?
    Process.waitpid(-1, Process::WNOHANG)
    true
  rescue Errno::ECHILD
    false
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

Minigun.logger = Logger.new(File.open(File::NULL, "w"))
seed = Integer(ARGV[1] || (Random.new_seed % 1_000_000))
$stdout.sync = true
notices, $stdout = $stdout, File.open(File::NULL, "w") # background runs announce themselves
at = STDOUT
faults = Soak.new(Float(ARGV[0] || 20), seed).tap { |soak| soak.define_singleton_method(:puts) { |text| at.puts(text) } }.faults
$stdout = notices
abort "#{faults.join("\n")}\n  again: ruby -Ilib spec/stress/soak.rb #{ARGV[0]} #{seed}" if faults.any?
