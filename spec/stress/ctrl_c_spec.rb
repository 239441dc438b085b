# frozen_string_literal: true

require "spec_helper"
require "pty"

# Ctrl-C as it comes: from a terminal, to all processes in front of it.
RSpec.describe "Ctrl-C at a terminal", :stress do
  lib = File.expand_path("../../lib", __dir__)
  before { skip "there is no pseudo-terminal here" unless File.exist?("/dev/ptmx") }

  # Runs a program at a terminal of its own; the block gets the terminal. Returns what was written,
  # and the status. "at work" is to be its first line, "worker PID" those of its workers.
  define_method(:at_terminal) do |stages, &act|
    code = <<~RUBY
      require "minigun"
      $stdout.sync = true
      Minigun.logger.level = Logger::FATAL
      class Job
        include Minigun::DSL
        producer(:gen) { 1.upto(200) { |n| emit n; sleep 0.002 } }
        #{stages}
        after_run { puts "after_run" }
      end
      Job.new.run
      puts "went on"
    RUBY
    written = +""
    status = nil
    PTY.spawn(RbConfig.ruby, "-I#{lib}", "-e", code) do |output, input, pid|
      read_until(output, written, /at work/)
      act.call(input, output, written)
      read_until(output, written, nil)
      status = wait_until("the end of the program", within: 20) { Process.wait2(pid, Process::WNOHANG) }.last
    end
    [written, status]
  end

  def read_until(output, written, pattern)
    Timeout.timeout(25) { written << output.readpartial(4096) until pattern && written.match?(pattern) }
  rescue Errno::EIO, EOFError
    nil # the terminal has nobody left
  end

  def workers_of(written) = written.scan(/worker (\d+)/).flatten.map(&:to_i).uniq

  def gone?(pid)
    Process.kill(0, pid)
    File.read("/proc/#{pid}/stat").split(") ").last.start_with?("Z")
  rescue Errno::ESRCH, Errno::ENOENT
    true
  end

  {
    "threads" => 'consumer(:work, threads: 2) { |n| puts "at work" if n == 1; HOLD }',
    "persistent workers" => 'consumer(:work, execution: :ipc_fork, max: 2) { |n| puts "worker #{Process.pid}", "at work"; HOLD }',
    "copy-on-write workers" => 'consumer(:work, execution: :cow_fork, max: 2) { |n| puts "worker #{Process.pid}", "at work"; HOLD }'
  }.each do |name, stages|
    it "once drains a run on #{name}, and then ends the program" do
      written, status = at_terminal(stages.sub("HOLD", "sleep 0.001")) { |input, _, _| input.write("\x03") }

      expect(written).to include("after_run")
      expect(written).not_to include("went on")
      expect(status.signaled? ? status.termsig : status.exitstatus - 128).to eq(Signal.list["INT"])
      wait_until("the end of the workers") { workers_of(written).all? { |pid| gone?(pid) } }
    end

    it "twice cancels a run on #{name} that is stuck" do
      written, status = at_terminal(stages.sub("HOLD", "sleep")) do |input, _, _|
        input.write("\x03")
        sleep 0.2 # two at once are one signal
        input.write("\x03")
      end

      expect(written).not_to include("went on")
      expect(status.signaled? ? status.termsig : status.exitstatus - 128).to eq(Signal.list["INT"])
      wait_until("the end of the workers") { workers_of(written).all? { |pid| gone?(pid) } }
    end

    it "three times leaves a program on #{name} that can't be cancelled" do
      held = "begin; sleep; rescue Exception; retry; end"
      written, status = at_terminal(stages.sub("HOLD", held)) do |input, _, _|
        3.times { input.write("\x03") && sleep(0.2) }
      end

      expect(written).not_to include("went on")
      expect(status.exitstatus || (128 + status.termsig)).to eq(128 + Signal.list["INT"])
      wait_until("the end of the workers", within: 10) { workers_of(written).all? { |pid| gone?(pid) } }
    end
  end
end
