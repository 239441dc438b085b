# frozen_string_literal: true

require_relative "dialect_helper"

# Section 15.
RSpec.describe "Run control", :interrupting do
  let(:job) do
    flow do
      producer(:source) { |output| 3.times { |n| output << n } }
      consumer(:keep) { |n| @seen << n }
    end
  end

  # Its producer waits until the gate opens; the children it starts wait for ever.
  def waiting(gate, forks: false)
    flow do
      producer(:source) do |output|
        output << 1
        gate.pop
      end
      if forks
        cow_fork(1) { processor(:cow) { |_n| sleep } }
        producer(:more, to: :ipc) { |output| output << 1 }
        ipc_fork(2) { processor(:ipc) { |_n| sleep } }
      end
      consumer(:keep) { |n| @seen << n }
    end
  end

  def silently
    ordinary = $stdout
    $stdout = StringIO.new
    yield
    $stdout.string
  ensure
    $stdout = ordinary
  end

  %i[run go_brr! go_brrr! go_brrrr! go_brrrrr! perform execute].each do |name|
    it "returns the count from #{name}" do
      expect(job.public_send(name)).to eq(3)
      expect(job.public_send(name, background: false)).to eq(3)
      expect(job.seen).to eq([0, 1, 2] * 2)
    end
  end

  it "restores signal handlers after every run" do
    mine = proc {}
    before = %w[INT TERM QUIT].to_h { |name| [name, trap(name, mine)] }
    job.run
    expect { flow { before_run { raise "no" } }.run }.to raise_error("no")

    expect(%w[INT TERM QUIT].map { |name| trap(name, mine) }).to all(be(mine))
  ensure
    before.each { |name, handler| trap(name, handler || "DEFAULT") }
  end

  # In a process of its own: Ruby 3.1 may crash in a child forked from one with threads.
  it "tells children of a signal, then lets it take its course" do
    program = <<~RUBY
      require "minigun"
      class Waiting
        include Minigun::DSL
        drain_timeout 0.3
        pipeline do
          producer(:source) { |output| 4.times { |n| output << n } }
          cow_fork(2) { processor(:work) { |_n| $stdout.syswrite("\#{Process.pid}\n") and sleep } }
        end
      end
      Waiting.new.run
    RUBY
    IO.popen([RbConfig.ruby, "-I#{File.expand_path("../../lib", __dir__)}", "-e", program], err: File::NULL) do |output|
      children = Array.new(2) { Integer(output.gets) }
      Process.kill(:TERM, output.pid)
      output.read
      wait_until { children.none? { |child| alive?(child) } }
    end

    expect($?.termsig).to eq(Signal.list["TERM"])
  end

  def alive?(pid)
    Process.kill(0, pid)
  rescue Errno::ESRCH
    false
  end

  describe "in the background" do
    it "returns the object at once, with a notice" do
      gate = Queue.new
      object = waiting(gate)
      result = nil
      notice = silently { result = object.run(background: true) }

      expect(result).to be(object)
      expect(notice).not_to be_empty
      expect(object.running?).to be(true)
      gate << :go
      object.wait
      expect(object.running?).to be(false)
      expect(object.seen).to eq([1])
    end

    it "makes a warning of the run's error" do
      object = flow { before_run { raise "in the background" } }
      warnings = StringIO.new
      ordinary = $stderr
      $stderr = warnings
      silently do
        object.run(background: true)
        object.wait
      end

      expect(warnings.string + logged).to include("in the background")
      expect(object.running?).to be(false)
    ensure
      $stderr = ordinary
    end

    it "is stopped as a whole: stages, threads, children" do
      object = waiting(Queue.new, forks: true)
      silently { object.run(background: true) }
      wait_until { LeakCheck.children.size >= 2 }
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      silently { object.stop }

      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - start).to be < 3
      expect(object.running?).to be(false)
      wait_until { LeakCheck.children.empty? }
    end

    it "has nothing to stop or wait for without a run" do
      expect(job.running?).to be(false)
      expect(silently { job.stop }).not_to be_empty
      expect(silently { job.wait }).not_to be_empty
    end
  end

  it "has no hud before any run" do
    expect { job.hud }.to raise_error(RuntimeError, /not initialized/)
  end

  it "has no view of what has no pipeline" do
    expect { Minigun::HUD.run_with_hud(String) }.to raise_error(ArgumentError, /pipeline.*String/)
    expect { Minigun::HUD.run_with_hud(5) }.to raise_error(ArgumentError, /pipeline.*5/)
  end

  it "leaves a user's own methods of these names alone" do
    klass = program do
      def stop = :mine
      def wait = :mine
      def execute = :mine
      def perform(*) = raise("never called")
      pipeline do
        producer(:source) { |output| output << 1 }
        consumer(:keep) { |n| @seen << [n, stop, wait, execute] }
      end
    end

    expect(klass.new.tap(&:run).seen).to eq([[1, :mine, :mine, :mine]])
  end

  { "Timeout" => ->(object) { Timeout.timeout(0.1) { object.run } },
    "Thread#kill" => lambda do |object|
      thread = Thread.new { object.run }
      Thread.pass until thread.stop?
      thread.kill.join
    end }.each do |name, stop|
    it "can be interrupted by #{name}, leaving nothing behind" do
      object = waiting(Queue.new, forks: true)
      begin
        stop.call(object)
      rescue Timeout::Error
        nil
      end

      wait_until { LeakCheck.children.empty? }
    end
  end

  describe Minigun::Task do
    it "takes both keywords, either or none, and keeps all config keys" do
      root = Minigun::Pipeline.new(:mine)
      task = described_class.new(config: { max_threads: 2, colour: :red }, root_pipeline: root)

      expect(task.root_pipeline).to be(root)
      expect(task.config).to include(max_threads: 2, colour: :red)
      expect(described_class.new.config[:max_threads]).to eq(5)
      expect(described_class.new(config: { other: 1 }).config).to include(other: 1, max_processes: 2)
    end

    it "shows settings of the class" do
      klass = program do
        max_threads 8
        max_processes 3
        max_retries 1
      end

      expect(klass._minigun_task.config).to include(max_threads: 8, max_processes: 3, max_retries: 1)
    end
  end

  it "has pipelines that know their surroundings" do
    job.run
    root = job._minigun_task.root_pipeline

    expect(root.task).to be(job._minigun_task)
    expect(root.root_pipeline).to be(root)
    expect(root).to respond_to(:context, :parent_pipeline, :stage_hooks)
  end
end
