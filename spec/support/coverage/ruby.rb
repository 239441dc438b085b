# frozen_string_literal: true

require "coverage"

# Required first in every process while coverage is measured. What a process ran of lib is written to
# the folder MINIGUN_COVERAGE when it ends, in whatever way it does, but for signals.
module CoverageOfProcess
  FOLDER = ENV.fetch("MINIGUN_COVERAGE")
  FILES = %r{/lib/minigun(\.rb|/)}

  def self.start
    Coverage.start(lines: true, branches: true)
    at_exit { dump }
    Process.singleton_class.prepend(Exit, Fork)
    Kernel.singleton_class.prepend(Exit)
    Kernel.prepend(Exit)
    Ractor.singleton_class.prepend(Kept) if defined?(Ractor) && !$PROGRAM_NAME.end_with?("/flat.rb")
  end

  def self.dump
    return if @dumped == Process.pid

    @dumped = Process.pid
    calmly { write }
  rescue StandardError => e
    warn "no coverage of #{Process.pid}: #{e.message}"
  end

  def self.write
    # Files that it hasn't run are in the dump of the process that loaded them.
    result = Coverage.peek_result.select { |path, found| FILES.match?(path) && found[:lines].any? { |count| count&.positive? } }
    path = File.join(FOLDER, "#{Process.pid}-#{Random.new_seed.to_s(36)}")
    File.binwrite(path, Marshal.dump(result))
    File.rename(path, "#{path}.ruby") # whole or not at all
  end

  # The results are large: with a collection at each of their allocations that takes minutes.
  def self.calmly
    stress, GC.stress = GC.stress, false
    yield
  ensure
    GC.stress = stress
  end

  # The ways out that call no handler.
  module Exit
    def exit!(...)
      CoverageOfProcess.dump
      super
    end
  end

  # Ruby 3.1 stops counting, in the whole process, when the collector frees a ractor: the events of the
  # ractor's own hooks, none, are put in place of the process's. So they are kept, but by what measures memory,
  # and so is what a refused block leaves behind.
  module Kept
    ALL = Thread::Queue.new

    def new(...)
      super.tap { |ractor| ALL << ractor if Ractor.current == Ractor.main }
    rescue ArgumentError
      ObjectSpace.each_object(Ractor) { |ractor| ALL << ractor }
      raise
    end
  end

  # A child counts what it runs itself.
  module Fork
    def _fork
      super.tap { |pid| CoverageOfProcess.calmly { Coverage.result(stop: false, clear: true) } if pid.zero? }
    end
  end
end

CoverageOfProcess.start unless Coverage.running?
