# frozen_string_literal: true

require "io/wait" unless IO.method_defined?(:wait_readable)
require "logger"
require "timeout"
require_relative "stacks"

# Goes through many small cases in child processes, which may hang, die or leave things behind.
#
#   faults = Cases.run(cases, silence: 20, jobs: 2) { |one| "what is wrong with it" unless fine?(one) }
#   # => [[index, fault], ...]
#
# One child takes cases in a row. When it dies or says nothing for `silence` seconds, that is the
# fault of the case in hand - with the stacks of all its processes -, and another child goes on
# behind it. A Symbol or false as answer is fine, too.
class Cases
  # A child that is forked meanwhile would keep another's pipe open.
  FORKING = Mutex.new
  private_constant :FORKING

  def self.run(cases, silence: 20, jobs: 1, most: 10, &check)
    share = cases.each_with_index.to_a
    slices = Array.new(jobs) { |job| share.select.with_index { |_, n| n % jobs == job } }
    slices.map { |slice| Thread.new { new(slice, silence, most, check).faults } }.flat_map(&:value).sort_by(&:first)
  end

  # @param cases [Array<Array(Object, Integer)>] each with its number
  # @param most [Integer] faults after which it stops
  def initialize(cases, silence, most, check)
    @cases, @silence, @most, @check = cases, silence, most, check
  end

  def faults
    found = []
    left = @cases
    until left.empty? || found.size >= @most
      place, fault = first_fault(left)
      break unless fault

      found << [left[place].last, fault]
      left = left.drop(place + 1)
    end
    found
  end

  private

  # Place and text of the first fault; nil if there is none.
  def first_fault(cases)
    pid, reader = FORKING.synchronize { start(cases) }
    place, fault = listen(reader, cases.size)
    reader.wait_readable(@silence) unless fault # until it has ended by itself
    [place, fault == :silence ? "nothing came for #{@silence} s\n#{Stacks.of(pid)}" : fault] if fault
  ensure
    stop(pid)
    reader&.close
  end

  def start(cases)
    reader, writer = IO.pipe
    pid = fork { work(cases, reader, writer) }
    writer.close
    [pid, reader]
  end

  def work(cases, reader, writer)
    reader.close
    Process.setpgid(0, 0)
    $stdin.reopen(File::NULL)
    $stdout.reopen(File::NULL, "w")
    Minigun.logger = Logger.new(File.open(File::NULL, "w"))
    warm_up
    cases.each do |one, _|
      fault = @check.call(one)
      writer.syswrite([fault.is_a?(String) ? fault : ""].pack("m0") << "\n")
      break if fault.is_a?(String)
    end
  rescue Exception => e # rubocop:disable Lint/RescueException
    writer.syswrite([e.full_message(highlight: false)].pack("m0") << "\n")
  ensure
    exit!(0)
  end

  # Ruby opens descriptors at its first thread, wait and fork, and keeps them.
  def warm_up
    Timeout.timeout(1) { Thread.new { nil }.join }
    Process.wait(fork { exit!(0) })
  end

  def listen(reader, count)
    count.times do |place|
      return [place, :silence] unless reader.wait_readable(@silence)

      fault = reader.gets or return [place, "its process ended"]
      fault = fault.chomp.unpack1("m0").force_encoding(Encoding::UTF_8)
      return [place, fault] unless fault.empty?
    end
    nil
  end

  def stop(pid)
    Process.kill(:KILL, -pid)
  rescue Errno::ESRCH
    Process.kill(:KILL, pid)
  ensure
    Process.wait(pid)
  end
end
