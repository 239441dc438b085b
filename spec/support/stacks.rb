# frozen_string_literal: true

require "tmpdir"
require "timeout"

# What a process that hangs is doing: the stacks of all native threads of it and of all its
# descendants, and of the Ruby threads among them.
#
#   warn Stacks.of(pid)
#
# gdb reads the stacks where it is there; elsewhere, and where it may not, /proc tells what each
# thread waits for. The processes are halted meanwhile and should be ended afterwards: calls into
# Ruby from a debugger are for those that will not need it any more.
module Stacks
  FRAMES = 40
  SECONDS = 20

  module_function

  def of(pid)
    family(pid).map { |each| one(each) }.join("\n")
  end

  # A process and its descendants.
  def family(pid)
    parents = Dir.glob("/proc/[0-9]*/stat").filter_map { |path| parentage(path) }
    found = [pid]
    found.each { |one| found.concat(parents.filter_map { |child, parent| child if parent == one }) }
  end

  def parentage(path)
    text = File.read(path)
    [text.to_i, text[(text.rindex(")") + 1)..].split[1].to_i]
  rescue SystemCallError
    nil
  end

  def one(pid)
    title = "== process #{pid}: #{read(pid, "cmdline").tr("\0", " ")[0, 100]}"
    [title, waits(pid), *(gdb? ? debugger(pid) : nil)].join("\n")
  end

  def gdb?
    return @gdb if defined?(@gdb)

    @gdb = system("gdb", "--version", out: File::NULL, err: File::NULL) == true
  end

  # What the kernel knows of its threads.
  def waits(pid)
    Dir.glob("/proc/#{pid}/task/*").map do |task|
      thread = task.delete_prefix("/proc/")
      state = read(thread, "status")[/^State:\s*(.*)/, 1]
      "  thread #{File.basename(task)} #{read(thread, "comm").strip}: #{state}, in #{read(thread, "wchan")}"
    end.join("\n")
  end

  def read(pid, name)
    File.read("/proc/#{pid}/#{name}")
  rescue SystemCallError
    "?"
  end

  # Native stacks first, then Ruby's, which the process itself writes to a file.
  def debugger(pid)
    Dir.mktmpdir("stacks") do |folder|
      ruby = File.join(folder, "ruby")
      native = gdb(pid, "thread apply all bt #{FRAMES}")
      gdb(pid, "set unwindonsignal on", "set scheduler-locking on",
          "call (int)dup2((int)open(\"#{ruby}\", 1089, 0600), 2)", "thread apply all -s call (void)rb_backtrace()")
      [native.lines.grep(/^(Thread|#)/).grep_v(/ in \?\? \(\)/).join, "-- Ruby", File.exist?(ruby) ? File.read(ruby) : "  nothing to be had"]
    end
  end

  def gdb(pid, *commands)
    arguments = commands.flat_map { |command| ["-ex", command] }
    IO.popen(["gdb", "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
              "-ex", "set pagination off", *arguments, "-p", pid.to_s], err: File::NULL) do |pipe|
      Timeout.timeout(SECONDS) { pipe.read.force_encoding(Encoding::BINARY).scrub }
    rescue Timeout::Error
      Process.kill(:KILL, pipe.pid)
      "  gdb took too long\n"
    end
  end
end
