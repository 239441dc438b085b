# frozen_string_literal: true

require_relative "dialect_helper"

# Section 6: stages that are classes of the user.
RSpec.describe "Custom stage classes" do
  def stage_class(base, &body)
    Class.new(base, &body)
  end

  # Runs the class between a producer of 1, 2, 3 and a terminal stage.
  def through(klass, **options)
    object = flow do
      producer(:source) { |output| [1, 2, 3].each { |n| output << n } }
      custom_stage klass, :custom, **options
      consumer(:keep) { |n| @seen << n }
      consumer(:aside, await: true) { |n| @seen << [:aside, n] }
    end
    object.tap(&:run).seen
  end

  it "run once without input below ProducerStage" do
    with_output = stage_class(Minigun::ProducerStage) { def call(output) = (output << 1 << 2) }
    with_yield = stage_class(Minigun::ProducerStage) { def call = [3, 4].each { |n| yield n } }
    seen = seen_by do
      custom_stage with_output, :one, to: :keep
      custom_stage with_yield, :two, to: :keep
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to match_array([1, 2, 3, 4])
  end

  it "run per item below ConsumerStage" do
    with_output = stage_class(Minigun::ConsumerStage) { def call(item, output) = output << (item * 2) }
    with_yield = stage_class(Minigun::ConsumerStage) { def call(item) = yield(item * 3) }

    expect(through(with_output)).to eq([2, 4, 6])
    expect(through(with_yield)).to eq([3, 6, 9])
  end

  it "own their loop below Stage" do
    summing = stage_class(Minigun::Stage) do
      def call(input, output)
        sum = 0
        until (n = input.pop).is_a?(Minigun::EndOfStage)
          sum += n
        end
        output << sum
        yield(-sum)
      end
    end

    expect(through(summing)).to eq([6, -6])
  end

  it "own their loop below Stage also where they take the input alone, or nothing, and yield" do
    summing = stage_class(Minigun::Stage) do
      def call(input)
        sum = 0
        until (n = input.pop).is_a?(Minigun::EndOfStage)
          sum += n
        end
        yield sum
        yield(-sum, to: :aside)
      end
    end
    heedless = stage_class(Minigun::Stage) { def call = yield(:once) }

    expect(through(summing)).to contain_exactly(6, [:aside, -6])
    expect(through(heedless)).to eq([:once])
  end

  it "yield to a target by name" do
    sorting = stage_class(Minigun::ConsumerStage) do
      def call(item) = item == 2 ? yield(item, to: :aside) : yield(item)
    end

    expect(through(sorting)).to match_array([1, 3, [:aside, 2]])
  end

  it "get the arguments their parameters accept" do
    optional = stage_class(Minigun::ConsumerStage) { def call(item, output = nil) = (output << item) }
    splat = stage_class(Minigun::ConsumerStage) { def call(*all) = (all[1] << all.size) }
    keywords = stage_class(Minigun::ConsumerStage) { def call(item, scale: 10, **) = yield(item * scale) }
    block = stage_class(Minigun::ConsumerStage) { def call(item, &out) = out.call(item, to: :aside) }

    expect(through(optional)).to eq([1, 2, 3])
    expect(through(splat)).to eq([2, 2, 2])
    expect(through(keywords)).to eq([10, 20, 30])
    expect(through(block)).to eq([[:aside, 1], [:aside, 2], [:aside, 3]])
  end

  it "get nothing where they accept none, once for each item" do
    blind = stage_class(Minigun::ConsumerStage) { def call = yield(:one) }

    expect(through(blind)).to eq(%i[one one one])
  end

  it "are constructed with exactly four values, which super takes as they come" do
    given = []
    klass = stage_class(Minigun::ConsumerStage) do
      define_method(:initialize) do |pipeline, name, block, options|
        given << [pipeline, name, block, options]
        super(pipeline, name, block, options)
        @limit = options.fetch(:limit)
      end
      def call(item) = yield([name, item * @limit.call])
    end
    bare = stage_class(Minigun::ConsumerStage) do
      def initialize(one, two, three, four)
        super
      end

      def call(item) = yield(options[:by] + item)
    end

    expect(through(klass, limit: -> { 7 })).to eq([[:custom, 7], [:custom, 14], [:custom, 21]])
    expect(given.first.values_at(0, 2)).to eq([:custom, nil])
    expect(given.first[1]).to be_a(Minigun::Pipeline)
    expect(given.first[3]).to include(:limit)
    expect(through(bare, by: 100)).to eq([101, 102, 103])
  end

  it "are constructed by keywords or position by hand" do
    keyword = Minigun::ConsumerStage.new(name: :a, options: { x: 1 })
    pipeline = Minigun::Pipeline.new(:line)
    positional = Minigun::Stage.new(:b, pipeline, nil, { name: :c })

    expect([keyword.name, keyword.options]).to eq([:a, { x: 1 }])
    expect([positional.name, positional.options, positional.pipeline]).to eq([:b, { name: :c }, pipeline])
  end

  { "a thread pool" => { threads: 2 }, "copy-on-write children" => { execution: :cow_fork, max: 2 },
    "persistent workers" => { execution: :ipc_fork, max: 2 } }.each do |where, options|
    it "work in #{where}" do
      klass = stage_class(Minigun::ConsumerStage) do
        def call(item, output)
          output << (item * options[:by].call)
          yield item, to: :aside if item == 3
        end
      end

      expect(through(klass, by: -> { 2 }, **options)).to match_array([2, 4, 6, [:aside, 3]])
    end
  end

  it "know themselves and what surrounds them" do
    known = nil
    klass = stage_class(Minigun::ConsumerStage) do
      define_method(:call) do |_item|
        known = [name.to_s, options[:limit], block, pipeline.name.to_s, root_pipeline.name.to_s, task.is_a?(Minigun::Task), queue_size,
                 to_h[:name].to_s, self[:options][:limit], self[:nothing]]
      end
    end
    flow do
      producer(:source) { |output| output << 1 }
      pipeline(:part) { custom_stage klass, :inner, limit: 3, queue_size: 9 }
    end.run

    expect(known).to eq(["inner", 3, nil, "part", "default", true, 9, "inner", 3, nil])
  end

  it "answer their run mode and log type" do
    modes = { Minigun::ProducerStage => :autonomous, Minigun::ConsumerStage => :streaming,
              Minigun::PipelineStage => :composite }

    modes.each { |klass, mode| expect(klass.new(name: :x).run_mode).to eq(mode) }
    expect(Minigun::ConsumerStage.new(name: :x)).to respond_to(:log_type, :execution_context)
  end

  it "made by hand with a block, receive what their class is given" do
    kept = []
    line = Minigun::Pipeline.new(:line)
    line.stages[:source] = Minigun::ProducerStage.new(:source, line, proc { |output| output << 1 << 2 }, {})
    line.stages[:double] = Minigun::ConsumerStage.new(:double, line, proc { |n, output| output << (n * 2) }, {})
    line.stages[:keep] = Minigun::ConsumerStage.new(name: :keep, block: proc { |n| kept << n })

    expect([line.run(Object.new), kept, line.stages[:source].run_mode]).to eq([2, [2, 4], :autonomous])
  end

  it "may override flush, called once after the input ended" do
    klass = stage_class(Minigun::ConsumerStage) do
      def call(item) = (@sum = (@sum || 0) + item)
      def flush(_context, output) = output << @sum
    end
    order = []
    flow do
      producer(:source) { |output| [1, 2, 3].each { |n| output << n } }
      custom_stage klass, :sum
      stage(:loop) { |input, _output| order << input.pop until order.last.is_a?(Minigun::EndOfStage) }
    end.run

    expect(order).to match([6, Minigun::EndOfStage])
  end

  it "may override execute" do
    klass = stage_class(Minigun::ConsumerStage) do
      def execute(context, item, output, _stats) = output << [context.class.ancestors.include?(Minigun::DSL), item]
    end

    expect(through(klass)).to eq([[true, 1], [true, 2], [true, 3]])
  end

  it "override execute in the form of (context, item) to be called for each item, whatever they descend from" do
    bases = [Minigun::Stage, Minigun::ConsumerStage]
    klasses = bases.map { |base| stage_class(base) { def execute(context, item = nil) = context.send(:emit, item * 3) } }

    klasses.each { |klass| expect(through(klass)).to eq([3, 6, 9]) }
  end

  it "override execute in the form of (context, input, output, stats) to own their loop" do
    looping = proc do
      def execute(_context, input, output, stats)
        until (item = input.pop).is_a?(Minigun::EndOfStage)
          output << [stats.stage_name, item]
        end
      end
    end

    [Minigun::Stage, Minigun::ConsumerStage].each do |base|
      expect(through(Class.new(base, &looping))).to eq([[:custom, 1], [:custom, 2], [:custom, 3]])
    end
  end

  it "override execute below ProducerStage to produce, in either form" do
    emitting = stage_class(Minigun::ProducerStage) { def execute(context) = 2.times { |n| context.send(:emit, n) } }
    writing = stage_class(Minigun::ProducerStage) do
      def execute(context, input, output, stats) = output << [context.seen.class, input, stats.stage_name]
    end
    seen = seen_by do
      custom_stage emitting, :one, to: :keep
      custom_stage writing, :two, to: :keep
      consumer(:keep) { |item| @seen << item }
    end

    expect(seen).to contain_exactly(0, 1, [Array, nil, :two])
  end

  it "override execute of a stage with a block, entered by hand" do
    klass = stage_class(Minigun::AtomicStage) { def execute(context, item = nil) = context << [:before, item] && super }
    seen = []
    line = Minigun::Pipeline.new(:line)
    line.add_stage(:producer, :source) { emit 1 }
    line.stages[:by_hand] = klass.new(name: :by_hand, block: proc { |n| emit n + 1 })
    line.add_stage(:consumer, :keep, from: :by_hand) { |n| seen << n }
    line.reroute_stage(:source, to: :by_hand)
    line.run(calls = [])

    expect([calls, seen]).to eq([[[:before, 1]], [2]])
  end

  describe "below AccumulatorStage" do
    { "the value of call" => proc { def call(batch) = batch.sum },
      "what call writes" => proc { def call(batch, output) = output << batch.sum },
      "what call yields" => proc { def call(batch) = yield(batch.sum) },
      "the value of execute" => proc { def execute(_context, batch) = batch.sum },
      "what execute writes" => proc { def execute(_context, batch, output, _stats) = output << batch.sum } }
      .each do |what, body|
        it "pass on #{what} for each batch, in the parent and in children" do
          klass = Class.new(Minigun::AccumulatorStage, &body)

          expect(through(klass, max_size: 2)).to eq([3, 3])
          expect(through(klass, max_size: 2, execution: :cow_fork, max: 1)).to eq([3, 3])
        end
      end

    it "flush behind their last batch" do
      klass = stage_class(Minigun::AccumulatorStage) { def flush(_context, output) = output << :end }

      expect(through(klass, max_size: 2)).to eq([[1, 2], [3], :end])
    end
  end

  describe "that keep items until they flush" do
    let(:keeping) do
      stage_class(Minigun::ConsumerStage) do
        def call(item) = (@kept ||= []) << item

        def flush(context, output)
          @kept.each { |item| output << item }
          output.to(:aside) << @kept.size
          context.seen << :flushed
        end
      end
    end

    { "persistent workers" => { execution: :ipc_fork, max: 2 }, "workers in order" => { execution: :ipc_fork, max: 2, ordered: true },
      "copy-on-write children" => { execution: :cow_fork, max: 2 } }.each do |where, options|
      it "lose nothing in #{where}, each of which flushes" do
        seen = through(keeping, **options)

        expect(seen.grep(Integer)).to match_array([1, 2, 3])
        expect(seen.grep(Array).sum(&:last)).to eq(3)
        expect(seen.count(:flushed)).to eq(seen.grep(Array).size)
      end
    end

    it "may flush much more than a ring holds" do
      klass = stage_class(Minigun::ConsumerStage) do
        def call(item) = @last = item
        def flush(_context, output) = 20_000.times { |n| output << ("x" * 100 + n.to_s) }
      end

      expect(through(klass, execution: :ipc_fork, max: 1).size).to eq(20_000)
    end

    it "report an error of flush, and fatal ones leave the run" do
      failing = stage_class(Minigun::ConsumerStage) do
        def call(item) = yield(item)
        def flush(_context, output) = raise(options[:error], "not flushed")
      end

      expect(through(failing, execution: :ipc_fork, max: 1, error: IOError)).to eq([1, 2, 3])
      expect(logged).to include("custom", "IOError: not flushed")
      expect { through(failing, execution: :ipc_fork, max: 1, error: NotImplementedError) }
        .to raise_error(NotImplementedError, "not flushed")
    end
  end

  it "report an error of flush where they run in threads, too" do
    failing = stage_class(Minigun::ConsumerStage) do
      def call(item) = yield(item)
      def flush(_context, _output) = raise(IOError, "not flushed")
    end

    expect(through(failing)).to eq([1, 2, 3])
    expect(logged).to include("custom", "IOError: not flushed")
  end

  it "flush when they override execute, too" do
    klass = stage_class(Minigun::ConsumerStage) do
      def execute(_context, item, output, _stats) = output << item
      def flush(_context, output) = output << :end
    end

    expect(through(klass)).to eq([1, 2, 3, :end])
  end

  it "may be added by a Pipeline's add_stage" do
    klass = stage_class(Minigun::ConsumerStage) { def call(item) = yield(item + options[:by]) }
    seen = []
    line = Minigun::Pipeline.new(:line)
    line.add_stage(:producer, :source) { emit 1 }
    line.add_stage(klass, :add, by: 5)
    line.add_stage(:consumer, :keep) { |n| seen << n }
    line.run(Object.new)

    expect(seen).to eq([6])
  end
end
