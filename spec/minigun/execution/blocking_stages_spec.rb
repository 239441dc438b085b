# frozen_string_literal: true

RSpec.describe "Stages that block" do
  # Counts how many of its items are under way at a time: the most, for each phase of the input.
  let(:job) do
    Class.new do
      include Minigun::DSL
      attr_reader :most, :order

      max_threads 6

      def initialize(phases)
        @phases = phases
        @most = Hash.new(0)
        @busy = 0
        @order = []
      end

      def under_way(phase)
        @busy += 1
        @most[phase] = @busy if @busy > @most[phase]
        @order << phase
        yield
      ensure
        @busy -= 1
      end
    end
  end

  def phased(*phases) = phases.flat_map { |phase, count| [phase] * count }

  it "get workers while the run goes on, lose them when they are quick, and get them again" do
    klass = Class.new(job) do
      producer(:items) { @phases.each { |phase| emit phase } }
      consumer(:work) { |phase| under_way(phase) { phase == :quick ? nil : sleep(0.003) } }
    end
    run = klass.new(phased([:slow, 200], [:quick, 2000], [:again, 400]))
    run.run
    expect(run.most[:slow]).to eq(6)
    expect(run.most[:again]).to eq(6)
    expect(run.order.size).to eq(2600)
  end

  it "share what the worker has in hand that proved it, where they have a queue of their own" do
    klass = Class.new(job) do
      producer(:items) { @phases.each { |phase| emit phase } }
      accumulator(:pairs, max_size: 2)
      consumer(:work) { |pair| under_way(pair.first) { sleep 0.003 } }
    end
    run = klass.new(phased([:slow, 400]))
    run.run
    expect(run.most[:slow]).to eq(6)
    expect(run.order.size).to eq(200)
  end

  it "stay alone with threads: 1" do
    klass = Class.new(job) do
      producer(:items) { @phases.each { |phase| emit phase } }
      consumer(:work, threads: 1) { |phase| under_way(phase) { sleep 0.002 } }
    end
    run = klass.new(phased([:slow, 20]))
    run.run
    expect(run.most[:slow]).to eq(1)
  end

  it "stay alone where they send to others by name" do
    klass = Class.new(job) do
      attr_reader :sent

      producer(:items) { @phases.each { |phase| emit phase } }
      consumer(:work) { |phase, output| under_way(phase) { sleep 0.002 } && output.to(:other) << phase }
      consumer(:other, await: true) { |phase| (@sent ||= []) << phase }
    end
    run = klass.new(phased([:slow, 30]))
    run.run
    expect([run.most[:slow], run.order.size, run.sent.size]).to eq([1, 30, 30])
  end

  it "have their hooks around each item" do
    klass = Class.new(job) do
      attr_reader :events

      producer(:items) { @phases.each { |phase| emit phase } }
      consumer(:work) { |phase| under_way(phase) { sleep 0.003 } }
      before(:work) { (@events ||= []) << [:before, Thread.current] }
      after(:work) { @events << [:after, Thread.current] }
    end
    run = klass.new(phased([:slow, 200]))
    run.run
    expect(run.most[:slow]).to eq(6)
    run.events.group_by(&:last).each_value do |events|
      expect(events.map(&:first).each_slice(2)).to all(eq(%i[before after]))
    end
  end
end
