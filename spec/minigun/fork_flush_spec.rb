# frozen_string_literal: true

require "spec_helper"

# Workers whose stage keeps items until it flushes, and that end before it has.
RSpec.describe "The flush of a forked stage", :interrupting, :no_leaks do
  before { Minigun.logger = Logger.new(@log = StringIO.new) }

  after { Minigun.logger = nil }

  # Keeps its items; what it is at the end is said by a block in the worker.
  let(:keeping) do
    Class.new(Minigun::ConsumerStage) do
      def call(item, output)
        (@kept ||= []) << item
        output << Process.pid if options[:tell]
      end

      def flush(_context, output)
        options[:at_end]&.call
        output << @kept
      end
    end
  end

  # @param source [#each] of the items
  def program(source, **options)
    klass = keeping
    Class.new do
      include Minigun::DSL
      attr_reader :seen, :pids

      define_method(:initialize) { @seen, @pids, @source = [], Queue.new, source }
      pipeline do
        producer(:source) { |output| @source.each { |item| output << item } }
        custom_stage klass, :keep, max: 1, **options
        consumer(:gather) { |item| item.is_a?(Array) ? @seen.concat(item) : @pids << item }
      end
    end.new
  end

  let(:dying) { { at_end: -> { Process.kill(:KILL, Process.pid) && sleep } } }

  %i[ipc_fork cow_fork].each do |kind|
    it "that dies of a signal costs the items it had taken, by number and with the signal (#{kind})" do
      run = program([1, 2, 3], execution: kind, **dying).tap(&:run)

      result = run.last_result
      errors = result.errors.map(&:error)
      expect([run.seen, result.skipped, result.worker_deaths]).to eq([[], 3, errors.size])
      expect(errors.map { |error| [error.class, error.signal, error.stage] }.uniq).to eq([[Minigun::WorkerDied, 9, :keep]])
      expect(errors.sum { |error| error.message[/killed by SIGKILL before its stage had flushed: of (\d+) item/, 1].to_i }).to eq(3)
      expect(@log.string).to include("[Stage:keep] item failed", "SIGKILL before its stage had flushed")
    end
  end

  it "never comes from a worker that dies idle; the next one's does" do
    run = nil
    source = Enumerator.new do |items|
      items << 1
      items << 2
      pids = Array.new(2) { run.pids.pop }
      Process.kill(:KILL, pids.uniq.first)
      wait_until { @log.string.include?("of 2 item(s)") }
      items << 3
    end
    run = program(source, execution: :ipc_fork, tell: true)
    run.run

    expect([run.seen, run.last_result.skipped, run.last_result.worker_deaths]).to eq([[3], 2, 1])
  end

  it "that fails so is what the stage's policy says" do
    expect { program([1, 2], execution: :ipc_fork, on_error: :raise, **dying).run }
      .to raise_error(Minigun::WorkerDied, /2 item\(s\)/)

    letters = []
    run = program([1, 2], execution: :ipc_fork, dead_letter: ->(letter) { letters << letter }, **dying).tap(&:run)
    expect([letters.map(&:item), letters.map { |letter| letter.error.class }]).to eq([[nil], [Minigun::WorkerDied]])
    expect(run.last_result.dead).to eq(2)
  end

  it "that is cut short with the run counts as cancelled" do
    from, to = IO.pipe
    run = program([1, 2], execution: :ipc_fork, at_end: -> { to.puts("flushing") || sleep })
    caller = Thread.new { run.run }
    caller.report_on_exception = false
    from.gets
    caller.raise(Interrupt)

    expect { caller.value }.to raise_error(Interrupt)
    expect(run.last_result.cancelled).to eq(2)
  ensure
    [from, to].each(&:close)
  end

  it "may take longer than a worker has to leave" do
    stub_const("Minigun::Execution::ForkPool::LEAVE", 0.05)
    run = program([1, 2], execution: :ipc_fork, at_end: -> { sleep 0.3 }).tap(&:run)

    expect([run.seen, run.last_result.skipped]).to eq([[1, 2], 0])
  end
end
