# frozen_string_literal: true

require_relative "dialect_helper"

# Section 6: classes that replace the whole loop by run_stage.
RSpec.describe "A stage class with its own run_stage" do
  let(:raw_loop) do
    Class.new(Minigun::Stage) do
      def run_stage(stage_ctx)
        output = create_output_queue(stage_ctx)
        queue = stage_ctx.input_queue
        loop do
          item = queue.pop
          if item.is_a?(Minigun::EndOfSource)
            stage_ctx.sources_expected << item.stage
            stage_ctx.sources_done << item.stage
            break if stage_ctx.sources_done == stage_ctx.sources_expected
          else
            output << (item * 2)
          end
        end
        send_end_signals(stage_ctx)
      end
    end
  end

  it "pops the raw queue: items, and an EndOfSource for each source" do
    klass = raw_loop
    seen = seen_by do
      producer(:left, to: :raw) { |output| [1, 2].each { |n| output << n } }
      producer(:right, to: :raw) { |output| [3].each { |n| output << n } }
      custom_stage klass, :raw
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to match_array([2, 4, 6])
  end

  it "has its loop replaced, whatever it descends from" do
    loop_of_its_own = proc do
      def call(_item) = raise("not to be called")

      def run_stage(stage_ctx)
        output = create_output_queue(stage_ctx)
        until (item = stage_ctx.input_queue.pop).is_a?(Minigun::EndOfSource)
          output << (item + 1)
        end
        output << :ended
        send_end_signals(stage_ctx)
      end
    end
    seen = { Minigun::ConsumerStage => :source, Minigun::AccumulatorStage => :source, Minigun::ProducerStage => nil }
           .map do |base, source|
      klass = Class.new(base, &loop_of_its_own)
      seen_by do
        producer(:source, to: :raw) { |output| output << 1 } if source
        custom_stage klass, :raw
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(seen).to eq([[2, :ended], [2, :ended], [:ended]])
  end

  it "gets at least one EndOfSource when only addressed dynamically" do
    klass = raw_loop
    seen = seen_by do
      producer(:source) { |output| 3.times { |n| output.to(:raw) << n } }
      consumer(:other) { |n| @seen << [:other, n] }
      custom_stage klass, :raw, await: true, to: :keep
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([0, 2, 4])
  end

  it "is ended by the engine when it sends no end itself" do
    klass = Class.new(Minigun::Stage) do
      def run_stage(stage_ctx)
        input = create_input_queue(stage_ctx)
        output = create_output_queue(stage_ctx)
        2.times { output << input.pop }
      end
    end
    seen = seen_by do
      producer(:source) { |output| 300.times { |n| output << n } }
      custom_stage klass, :raw, queue_size: 2
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to eq([0, 1])
  end

  it "knows its surroundings" do
    known = {}
    klass = Class.new(Minigun::Stage) do
      define_method(:run_stage) do |ctx|
        %i[stage dag runtime_edges stage_stats worker input_queue sources_expected sources_done executor stage_name
           pipeline root_pipeline].each { |name| known[name] = ctx.public_send(name) }
        nil until ctx.input_queue.pop.is_a?(Minigun::EndOfSource)
      end
    end
    object = flow do
      producer(:source) { |output| output << 1 }
      custom_stage klass, :raw
    end
    object.run

    expect(known[:stage_name].to_s).to eq("raw")
    expect(known[:stage]).to be_a(klass)
    expect(known[:dag]).to be_a(Minigun::DAG)
    expect(known[:stage_stats]).to be_a(Minigun::Stats)
    expect(known[:pipeline]).to be(known[:root_pipeline])
    expect(known[:sources_expected]).to be_a(Set)
  end

  it "pops without waiting, and with a limit of time" do
    answers = []
    gate = Queue.new
    klass = Class.new(Minigun::Stage) do
      define_method(:run_stage) do |ctx|
        queue = ctx.input_queue
        answers << (begin
          queue.pop(true)
        rescue ThreadError
          :empty
        end)
        answers << queue.pop(timeout: 0.001)
        gate << :go
        answers << queue.pop
        answers << queue.pop
      end
    end
    flow do
      producer(:source) do |output|
        gate.pop
        output << 1
      end
      custom_stage klass, :raw
    end.run

    expect(answers).to match([:empty, nil, 1, Minigun::EndOfSource])
  end
end
