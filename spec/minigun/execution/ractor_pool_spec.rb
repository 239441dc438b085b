# frozen_string_literal: true

require "timeout"
require "minigun/execution/ractor_pool"

RSpec.describe "Minigun::Execution::RactorPool", :interrupting, :no_leaks do
  # Blocks made here have a self that can be shared.
  blocks = Module.new do
    def self.where = proc { |item, output| output << [item, Ractor.current.to_s] }
    def self.twice = proc { |item| item * 2 }
    def self.picky = proc { |item, output| item == 3 ? raise("odd") : output << (item * factor) }
    def self.routing = proc { |item, output| item.odd? ? output.to(:odd) << item : output.to_proc.call(item, to: :even) }
    def self.lost = proc { |item, output| output.to(:nowhere) << item }
    def self.outer(list) = proc { |item, output| output << (list << item).size }
    def self.main_only = proc { |item, output| output << ($PROGRAM_NAME && item) } # rubocop:disable Style/SpecialGlobalVars
    def self.leaving = proc { |_item| exit 7 }
    def self.emitting = proc { |item| emit(item) }
    def self.mark = proc { Ractor.current[:marks] = (Ractor.current[:marks] || 0) + 1 }
    def self.marked = proc { |_item, output| output << Ractor.current[:marks] }
  end

  before { |example| skip Minigun::Execution::Isolation.refusal unless example.metadata[:refused] || Minigun::Execution::Isolation.ractors? }

  let(:shareable) { Struct.new(:factor).new(10).freeze }
  let(:logged) { [] }
  let(:out) { [] }

  before do
    allow(Minigun.logger).to receive(:warn) { |text, &block| logged << (text || block.call) && true }
    allow(Minigun.logger).to receive(:error) { |text, &block| logged << (text || block.call) && true }
  end

  # Runs numbers through the block, in ractors if that can be.
  def through(block, items: (1..20).to_a, user: shareable, **options)
    kept = out
    pipeline = Minigun::Pipeline.new(:line)
    pipeline.add_stage(:producer, :gen) { |output| items.each { |item| output << item } }
    pipeline.add_stage(:processor, :work, { strategy: :ractor, max: 2, to: :keep }.merge(options), &block)
    pipeline.add_stage(:consumer, :keep) { |item| kept << item }
    yield pipeline if block_given?
    pipeline.run(user)
    pipeline.stats
  end

  it "works in ractors where block and user object can be shared" do
    stats = through(blocks.where).stage_stats[:work]

    expect(out.map(&:first)).to match_array(1..20)
    expect(out.map(&:last)).not_to include(Ractor.current.to_s)
    expect(out.map(&:last).uniq.size).to be_between(1, 2)
    expect(stats).to have_attributes(items_consumed: 20, items_produced: 20, items_failed: 0, observations: 20)
    expect(logged).to be_empty
  end

  it "works on threads where items are to be tried again, or timed" do
    [{ retries: 1, backoff: 0 }, { timeout: 5 }].each do |policy|
      out.clear
      through(blocks.where, **policy)
      expect(out.map(&:last).uniq).to eq([Ractor.current.to_s])
    end
    expect(logged).to eq(["[Pipeline:line][Stage:work] on threads instead of ractors: items in ractors are neither tried again nor timed out"] * 2)
  end

  it "has the user object as self, and item errors as everywhere" do
    stats = through(blocks.picky, items: [1, 2, 3, 4]).stage_stats[:work]

    expect(out).to contain_exactly(10, 20, 40)
    expect(stats).to have_attributes(items_consumed: 4, items_failed: 1)
    expect(logged).to contain_exactly(include("work", "odd"), include("1 skipped"))
  end

  it "sends to named stages, and reports unknown ones" do
    evens = []
    odds = []
    through(blocks.routing, to: []) do |pipeline|
      pipeline.add_stage(:consumer, :odd, await: true) { |item| odds << item }
      pipeline.add_stage(:consumer, :even, await: true) { |item| evens << item }
    end

    expect([odds.sort, evens.sort]).to eq((1..20).partition(&:odd?))
    through(blocks.lost, items: [1])
    expect(logged).to contain_exactly(include("nowhere"), include("1 skipped"))
  end

  it "takes what is sent to a stage that has ended for an error of its item" do
    line = nil
    evens = []
    ended = lambda do
      run = line.latest_run
      run.state(run.program.steps.find { |step| step.name == :odd }.index)[:ended]
    end
    late = Enumerator.new { |numbers| wait_until(within: 20, &ended) && numbers << 1 << 2 << 3 }
    stats = through(blocks.routing, items: late, to: []) do |pipeline|
      line = pipeline
      pipeline.add_stage(:stage, :odd, await: true) { |_input, _output| nil }
      pipeline.add_stage(:consumer, :even, await: true) { |item| evens << item }
    end

    expect(evens).to eq([2])
    expect(stats.stage_stats[:work]).to have_attributes(items_consumed: 3, items_failed: 2)
    expect(logged.grep(/the stage odd has already ended/).size).to eq(2)
  end

  it "keeps the order when asked to" do
    through(blocks.picky, items: (10..60).to_a, ordered: true)

    expect(out).to eq((10..60).map { |item| item * 10 })
  end

  it "runs hooks where the block runs" do
    through(blocks.marked, items: [1, 2, 3], ordered: true, before: blocks.mark)

    expect(out).to eq([1, 2, 3])
  end

  it "works on threads, and says why once, where block or user object can't be shared" do
    seen = []
    through(blocks.outer(seen))
    expect(seen).to match_array(1..20)
    expect(logged).to contain_exactly(/work\] on threads.*list/)

    logged.clear
    through(blocks.where, user: Object.new)
    expect(out.last.last).to eq(Ractor.current.to_s)
    expect(logged).to contain_exactly(/user object/)
  end

  it "works on threads for emit" do
    user = Class.new { define_method(:factor) { 1 } }.new
    through(blocks.emitting, user: user)

    expect(out).to match_array(1..20)
    expect(logged.size).to eq(1)
  end

  it "goes back to threads when the code needs the main ractor" do
    stats = through(blocks.main_only).stage_stats[:work]

    expect(out).to match_array(1..20)
    expect(stats).to have_attributes(items_consumed: 20, items_failed: 0)
    expect(logged).to contain_exactly(/work\] on threads instead of ractors: /)
  end

  it "works on items that can't cross in the main ractor" do
    items = [1, proc { :uncopied }, 3]
    through(blocks.where, items: items)

    expect(out.to_h.keys).to match_array(items)
    expect(logged.size).to eq(1)
  end

  it "works on threads, and says why, where Ruby's own ractors deadlock", :refused do
    stub_const("RUBY_VERSION", "3.3.8")
    hide_const("Ractor::Port")
    through(blocks.where)

    expect(out).to match_array((1..20).map { |item| [item, Ractor.current.to_s] })
    expect(logged).to contain_exactly("[Pipeline:line][Stage:work] on threads instead of ractors: ractors of Ruby 3.3.8 can deadlock beside threads")
    expect(Minigun::Execution::Isolation.ractor(proc { 1 })).to be_nil
  end

  it "lets exit leave the run" do
    expect { through(blocks.leaving) }.to raise_error(SystemExit) { |error| expect(error.status).to eq(7) }
  end

  it "forgets a ractor also where the thread that lets go of it is killed" do
    watch = Minigun::Execution::RactorWatch
    watch.watch(ractor = Minigun::Execution::Isolation.create { Ractor.receive })
    thread = watch.instance_variable_get(:@lock).synchronize do
      Thread.new { watch.ignore(ractor) }.tap do |killed|
        Thread.pass until killed.stop?
        killed.kill
      end
    end
    thread.join
    ractor.send(nil)

    expect(watch.instance_variable_get(:@inboxes)).not_to include(ractor)
  end

  it "gives the value of a ractor once, and lets nobody wait for it who asks again" do
    isolation = Minigun::Execution::Isolation
    skip "any number of times here" if Ractor.method_defined?(:value)
    ractor = isolation.create { 5 }

    expect(isolation.value(ractor)).to eq(5)
    expect { isolation.value(ractor) }.to raise_error(Ractor::ClosedError)
  end

  it "works in ractors of its own in a child of a process that has had some", :forks_beside_threads do
    through(blocks.where, items: [1])
    reader, writer = IO.pipe
    pid = fork do
      out.clear
      through(blocks.where)
      writer.write([out.map(&:first).sort, out.map(&:last).include?(Ractor.current.to_s), logged].inspect)
      exit!(0)
    ensure
      exit!(1)
    end
    writer.close

    expect(reader.read).to eq([[*1..20], false, []].inspect)
    expect(Process.wait2(pid).last).to be_success
  ensure
    reader&.close
  end

  it "is left by a run that is interrupted" do
    expect { Timeout.timeout(0.2) { through(proc { |_item| sleep }, user: Object.new) } }.to raise_error(Timeout::Error)
  end
end
