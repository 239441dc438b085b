# frozen_string_literal: true

require "spec_helper"

RSpec.describe "What can't be done is refused, and told" do
  def job(&body) = Class.new { include(Minigun::DSL) && class_eval(&body) }.new

  it "hooks that there are not" do
    pipeline = Minigun::Pipeline.new(:line, {})

    expect { pipeline.add_hook(:never) { nil } }.to raise_error(Minigun::Error, /unknown hook :never: use one of before_run/)
    expect { pipeline.add_stage_hook(:never, :a) { nil } }.to raise_error(Minigun::Error, /unknown stage hook :never: use one of before/)
  end

  it "a live view, which there is not, for what has a pipeline and for what has none" do
    runs = job { producer(:gen) { emit 1 } }.tap(&:run)

    expect { runs.hud }.to raise_error(Minigun::Error, /not part of this version/)
    expect { Minigun::HUD.run_with_hud(runs.class) }.to raise_error(Minigun::Error, /not part of this version/)
    expect { Minigun::HUD.run_with_hud(5) }.to raise_error(ArgumentError, /takes a class with a pipeline, .* not 5/)
  end

  it "output behind a stage's end, from its thread and from others" do
    kept = nil
    job { producer(:gen) { |output| (kept = output) << 1 } }.run
    other = Thread.new { kept << 2 }.tap { |thread| thread.report_on_exception = false }

    expect { kept << 2 }.to raise_error(Minigun::Error, /outside of a stage/)
    expect { other.value }.to raise_error(Minigun::Error, /outside of a stage/)
  end

  it "a single item for a stage that owns its loop; one that only makes items makes them" do
    stage = ->(word, &block) { Minigun::AtomicStage.new(name: :one, block: block).declare(word) }
    loops = stage.call(:stage) { |input, output| output << input.pop }

    expect { loops.execute_with_emit(Object.new, 1) }.to raise_error(Minigun::Error, "stage :one owns its loop and can't work on a single item")
    expect(stage.call(:producer) { |output| output << 1 << 2 }.execute_with_emit(Object.new, nil)).to eq([1, 2])
  end

  it "items for a queue of the pipeline's user that is closed" do
    pipeline = Minigun::Pipeline.new(:line, {})
    pipeline.add_stage(:producer, :gen) { |output| output << 1 }
    pipeline.add_output_queue(:out, Queue.new.close)

    expect(log_of { pipeline.run(Object.new) }).to include(/_output out\] item failed: ClosedQueueError/, /1 item was not delivered/)
  end

  it "emit for a frozen object that hasn't got it, with what to do" do
    pipeline = Minigun::Pipeline.new(:line, {})
    pipeline.add_stage(:producer, :gen) { emit 1 }

    expect(log_of { pipeline.run(Object.new.freeze) }).to include(/a frozen object can't be given emit: include Minigun::DSL/)
  end

  describe "native stages and chains" do
    def chain(*stages) = Minigun::Native::Chain.new(*stages).each(['{"a":"x"}', '{"a":"y"}']).to_a

    it "that are called as if they were of Ruby" do
      stage = job { pipeline { native :read, lines: "none" } }._evaluate_pipeline_blocks!.root_pipeline.find_stage(:read)

      expect { stage.call(1) }.to raise_error(Minigun::Error, "the native stage :read takes items only through its edges")
    end

    it "that are no stages, or compare with what is no value" do
      expect { chain(:lines) }.to raise_error(ArgumentError, "a native stage is written as { name: options }, not :lines")
      expect { chain({ json: { where: 5 } }) }.to raise_error(ArgumentError, /where: takes a Hash, not 5/)
      expect { chain({ json: { where: { a: { than: 4 } } } }) }.to raise_error(ArgumentError, /where: a: knows only not:/)
      expect { chain({ json: { where: { a: Object } } }) }.to raise_error(ArgumentError, /where: a: can't compare with Object/)
      expect(chain({ json: { where: { a: :x } } })).to eq(['{"a":"x"}'])
    end

    it "of a number of workers or bytes that can't be, before they are there and when they are" do
      machine = Minigun::Native::Machine
      [[0, 1], [1025, 1], [1, -1]].each do |workers, budget|
        expect { machine.new(workers, true, false, budget, false) }.to raise_error(ArgumentError, "invalid argument")
      end
      expect { machine.allocate.start }.to raise_error(ArgumentError, "uninitialized native chain")
      expect { machine.new(1, true, false, 1, false).send(:initialize, 1, true, false, 1, false) }
        .to raise_error(ArgumentError, "already initialized")
      expect { machine.new(1, true, false, 1, false).start }.to raise_error(ArgumentError, "invalid argument")
      expect(machine.new(1, true, false, 1, false).then { |idle| [idle.cancel, idle.stop_reading, idle.join] }).to eq([nil, nil, nil])
    end
  end
end
