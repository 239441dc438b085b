# frozen_string_literal: true

require "spec_helper"
require "logger"
require "rbconfig"
require "stringio"
require "tempfile"
require "timeout"

# What the examples of the contract share: short ways to define a job or a
# pipeline, a log to read, child processes with a watchdog, and a look at what
# a run left behind.
module ContractHelper
  ROOT = File.expand_path("../..", __dir__)
  LIB = File.join(ROOT, "lib")

  Ended = Struct.new(:out, :err, :status)

  # An instance of a class with the DSL, defined by the block; `out` is an Array.
  def job(parent = nil, &body)
    job_class(parent, &body).new
  end

  def job_class(parent = nil, &body)
    Class.new(parent || Object) do
      unless parent
        include Minigun::DSL
        attr_reader :out

        def initialize
          @out = []
        end
      end
      class_exec(&body) if body
    end
  end

  def pipeline(name = :line, config = {})
    Minigun::Pipeline.new(name, config).tap { |line| yield line if block_given? }
  end

  def root(job)
    (job.is_a?(Class) ? job : job.class)._minigun_task.root_pipeline
  end

  # Statistics of the latest run of a job or pipeline, or of one stage of it.
  def stats(run, stage = nil)
    stats = (run.is_a?(Minigun::Pipeline) ? run : root(run)).stats
    stage ? stats.stage_stats.fetch(stage) : stats
  end

  # Everything logged by this example, at every level.
  def log
    @log.string
  end

  def errors_logged
    log.lines.grep(/ERROR/)
  end

  # The block's value, worked out in a child process that is killed if it takes too long.
  def in_child(within: 20)
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      writer.binmode.write(Marshal.dump(outcome { yield }))
    ensure
      writer.close
      exit!
    end
    writer.close
    kind, value = answer_of(pid, reader, within)
    raise value if kind == :error

    value
  end

  # Without Bundler, which makes a process four times as large.
  LEAN = { "RUBYOPT" => ENV["RUBYOPT"]&.gsub(%r{-r\S*bundler/setup}, "") }.freeze

  # Runs a program in a Ruby of its own and tells how it ended.
  def ruby(code, *options, within: 30)
    out, err = Array.new(2) { Tempfile.new("ruby") }
    pid = spawn(LEAN, RbConfig.ruby, *options, "-e", code, out: out.path, err: err.path, pgroup: true)
    status = reap(pid, within)
    Process.kill(:KILL, -pid) unless status
    status ||= Process.wait2(pid).last
    Ended.new(File.read(out.path), File.read(err.path), status)
  ensure
    [out, err].each(&:close!)
  end

  def minigun(code, *options, **limit)
    ruby("require 'minigun'; #{code}", "-I#{LIB}", *options, **limit)
  end

  def children?
    Process.wait(-1, Process::WNOHANG)
    true
  rescue Errno::ECHILD
    false
  end

  def handler(signal)
    trap(signal, "DEFAULT").tap { |handler| trap(signal, handler) }
  end

  def clock
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def seconds
    start = clock
    yield
    clock - start
  end

  private

  def outcome
    [:value, yield]
  rescue Exception => e # rubocop:disable Lint/RescueException
    [:error, "#{e.class}: #{e.message}\n#{e.backtrace.first(5).join("\n")}"]
  end

  def answer_of(pid, reader, within)
    data = Timeout.timeout(within) { reader.read }
    status = Process.wait2(pid).last
    data.empty? ? [:value, status] : Marshal.load(data)
  rescue Timeout::Error
    Process.kill(:KILL, pid)
    Process.wait(pid)
    [:error, "the child took longer than #{within} s"]
  ensure
    reader.close
  end

  def reap(pid, within)
    Timeout.timeout(within) { Process.wait2(pid).last }
  rescue Timeout::Error
    nil
  end
end

RSpec.configure do |config|
  config.define_derived_metadata(file_path: %r{/spec/contract/}) { |data| data[:contract] = true }
  config.include ContractHelper, :contract
  config.around(:each, :contract) do |example|
    logger = Minigun.logger
    @log = StringIO.new
    Minigun.logger = Logger.new(@log)
    example.run
  ensure
    Minigun.logger = logger
  end
end
