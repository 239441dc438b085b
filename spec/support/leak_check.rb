# frozen_string_literal: true

require "timeout"

# What a run must not leave behind: threads, child processes (zombies count) and open files.
#
#   it("reaps its children", :no_leaks) { ... }     # the whole example
#   without_leaks { job.run }                       # a part of one
module LeakCheck
  FD_FOLDER = ["/proc/self/fd", "/dev/fd"].find { |path| File.directory?(path) }

  def without_leaks(within: 5)
    LeakCheck.warm_up
    before = LeakCheck.snapshot
    value = yield
    left = LeakCheck.lasting(before, within)
    return value if left.empty?

    raise RSpec::Expectations::ExpectationNotMetError, "left behind: #{left.join(", ")}"
  end

  module_function

  # Ruby itself opens descriptors at its first thread, wait and fork, and keeps them, as
  # Timeout does its thread.
  def warm_up
    @warm_up ||= begin
      Thread.new { Timeout.timeout(1) { sleep 0.001 } }.join
      Process.wait(Process.fork { exit!(0) }) if Process.respond_to?(:fork)
      true
    end
  end

  def snapshot
    { threads: Thread.list, children: children, files: files }
  end

  # What is still there after some seconds: threads and descriptors may need a moment to go.
  def lasting(before, within)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + within
    until (left = leaks(before)).empty? || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.005
    end
    left
  end

  def leaks(before)
    now = snapshot
    threads = (now[:threads] - before[:threads]).map { |thread| "thread #{thread.inspect}" }
    children = (now[:children] - before[:children]).map { |pid| "child #{pid}" }
    files = (now[:files].to_a - before[:files].to_a).map { |fd, target| "descriptor #{fd} (#{target})" }
    threads + children + files
  end

  def children
    if File.directory?("/proc/self")
      Dir.glob("/proc/[0-9]*/stat").filter_map { |path| child_at(path) }
    else
      `ps -A -o pid=,ppid=,comm=`.lines.map(&:split)
                                 .filter_map { |pid, parent, name| pid.to_i if parent.to_i == Process.pid && name != "ps" }
    end
  end

  def child_at(path)
    status = File.read(path)
    # The command may hold anything, parentheses too; state and parent come behind its last one.
    parent = status[(status.rindex(")") + 1)..].split[1].to_i
    status.to_i if parent == Process.pid
  rescue SystemCallError
    nil
  end

  def files
    return {} unless FD_FOLDER

    Dir.children(FD_FOLDER).to_h { |fd| [fd.to_i, target_of(fd)] }.compact
  end

  def target_of(fd)
    target = File.readlink(File.join(FD_FOLDER, fd))
    target unless target.include?("/fd") # the descriptor this listing itself reads from
  rescue Errno::EINVAL
    "open"
  rescue SystemCallError
    nil
  end
end
