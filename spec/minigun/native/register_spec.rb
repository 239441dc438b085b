# frozen_string_literal: true

require "spec_helper"
require "fiddle"
require "tmpdir"

RSpec.describe "native stages from elsewhere" do
  SOURCE = <<~C
    #include <core/stage.h>

    /* Passes each record on as often as it is told. */
    static int
    again_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
    {
        static int64_t times;
        (void)host;
        times = mg_option_integer(options, "times", 1);
        if (times < 0) return mg_stage_fail(error, 22, "times is %d, below zero", (int)times);
        *stage = &times;
        return MG_STAGE_OK;
    }

    static int
    again_process(void *state, const mg_block_t *block, mg_emit_t *emit)
    {
        for (size_t i = 0; i < block->count; i++) {
            for (int64_t n = 0; n < *(int64_t *)state; n++) {
                int status = emit->keep(emit, &block->records[i], 1);
                if (status != MG_STAGE_OK) return status;
            }
        }
        return MG_STAGE_OK;
    }

    /* Passes on the first records, and then wants no more. */
    static int64_t left;

    static int
    head_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
    {
        (void)host;
        (void)stage;
        (void)error;
        left = mg_option_integer(options, "value", 1);
        return MG_STAGE_OK;
    }

    static int
    head_process(void *state, const mg_block_t *block, mg_emit_t *emit)
    {
        (void)state;
        size_t count = (size_t)left < block->count ? (size_t)left : block->count;
        left -= (int64_t)count;
        int status = emit->keep(emit, block->records, count);
        return status == MG_STAGE_OK && left == 0 ? MG_STAGE_END : status;
    }

    static int
    silent_process(void *state, const mg_block_t *block, mg_emit_t *emit)
    {
        (void)state;
        (void)block;
        (void)emit;
        return MG_STAGE_FAILED;
    }

    /* One record, of a place whose lines nobody counts. */
    static int
    unlined_read(void *state, mg_block_t *block, mg_error_t *error)
    {
        static const mg_origin_t origin = { "a socket", 100, 0 };
        static const mg_record_t record = { .length = 5, .at = 7 };
        static bool read;
        (void)state;
        (void)error;
        if (read) return MG_STAGE_END;
        read = true;
        block->data = "a row" "________________________________________________________________";
        block->size = 5;
        block->records = &record;
        block->count = 1;
        block->origin = &origin;
        return MG_STAGE_OK;
    }

    static int
    picky_process(void *state, const mg_block_t *block, mg_emit_t *emit)
    {
        (void)state;
        return emit->reject(emit, block->records, 9, "not wanted");
    }

    #define STAGE(name_, ...) const mg_stage_t name_ = { .abi = MG_STAGE_ABI, .size = sizeof(mg_stage_t), .name = #name_, __VA_ARGS__ }
    STAGE(again, .open = again_open, .process = again_process);
    STAGE(head, .flags = MG_STAGE_SERIAL, .open = head_open, .process = head_process);
    STAGE(silent, .process = silent_process);
    STAGE(unlined, .flags = MG_STAGE_SERIAL, .read = unlined_read);
    STAGE(picky, .process = picky_process);
    STAGE(idle, .open = again_open);
    const mg_stage_t nameless = { .abi = MG_STAGE_ABI, .size = sizeof(mg_stage_t), .process = again_process };
    const mg_stage_t newer = { .abi = 99, .size = sizeof(mg_stage_t), .name = "newer", .process = again_process };
    const mg_stage_t cut = { .abi = MG_STAGE_ABI, .size = 24, .name = "cut", .process = again_process };
    const mg_stage_t both = { .abi = MG_STAGE_ABI, .size = sizeof(mg_stage_t), .name = "both", .process = again_process,
                              .read = (int (*)(void *, mg_block_t *, mg_error_t *))silent_process };
  C

  before(:all) do
    @folder = Dir.mktmpdir
    @library = File.join(@folder, "strange.so")
    File.write(File.join(@folder, "strange.c"), SOURCE)
    compiled = system(RbConfig::CONFIG["CC"].split.first, "-shared", "-fPIC", "-I#{Minigun.include_dir}", File.join(@folder, "strange.c"),
                      "-o", @library)
    raise "the stages under test don't compile" unless compiled
  end

  after(:all) { FileUtils.rm_r(@folder) }

  def load(symbol, **options) = Minigun::Native.load(@library, symbol, **options)

  def chain(*stages, **options) = Minigun::Native::Chain.new(*stages, **options)

  it "are loaded by path and symbol, and know the options they are given" do
    load(:again, as: :repeat)
    expect(chain({ repeat: { times: 3 } }, workers: 1).each(%w[a b]).to_a).to eq(%w[a a a b b b])
    expect(Minigun::Native.stages).to include(:repeat, :lines)
    expect { chain({ repeat: { times: -1 } }).each([]).to_a }
      .to raise_error(an_instance_of(Minigun::NativeError).and(having_attributes(message: "again: times is -1, below zero", code: 22, stage: 0)))
    expect { chain({ repeat: { times: Object.new } }).each([]).to_a }
      .to raise_error(ArgumentError, /native stage repeat: times: takes Strings, Symbols, numbers, true, false and nil, not #<Object/)
  end

  it "are given nested options by names with dots, and Arrays as one option for each member" do
    load(:again, as: :repeat)
    { { times: [2, 2] } => %w[x x], { "times" => [3] } => %w[x x x], { more: { times: 5 } } => %w[x],
      { more: { than: [1] }, times: 2 } => %w[x x] }.each do |options, out|
      expect(chain({ repeat: options }, workers: 1).each(["x"]).to_a).to eq(out)
    end
    expect { chain({ repeat: { more: { than: [1, []] } } }).each([]).to_a }
      .to raise_error(ArgumentError, /native stage repeat: more\.than: takes Strings, .* not \[\]/)
  end

  it "are registered by the pointer another extension exports" do
    address = Fiddle.dlopen(@library)["again"]
    expect(Minigun::Native.register(:twice, address)).to eq(:twice)
    expect(Minigun::Native.register(:twice, Fiddle::Pointer.new(address))).to eq(:twice)
    expect(chain({ twice: { times: 2 } }).each(["x"]).to_a).to eq(%w[x x])
  end

  it "are refused with the reason" do
    { nameless: "the stage has no name", newer: "the stage has ABI version 99, this minigun has 1: compile it against Minigun.include_dir",
      cut: "the stage's size is 24, too small", idle: "the stage has neither process nor read",
      both: "the stage has both process and read" }.each do |symbol, reason|
      expect { load(symbol) }.to raise_error(ArgumentError, "native stage #{symbol}: #{reason}")
    end
    expect { load(:nowhere) }.to raise_error(Minigun::NativeError, "#{@library} has no symbol nowhere")
    expect { Minigun::Native.load("/nowhere.so", :again) }.to raise_error(Minigun::NativeError, %r{can't load: /nowhere.so: cannot open})
    expect { Minigun::Native.load(__FILE__, :again) }.to raise_error(Minigun::NativeError, /can't load: .*register_spec.rb/)
  end

  it "may not know the lines of their source; what is rejected is told without, then" do
    load(:unlined)
    load(:picky)
    rejects = []
    expect(chain({ unlined: true }, { picky: true }, workers: 1, on_reject: rejects.method(:<<)).to_a).to eq([])

    expect(rejects).to contain_exactly(have_attributes(source: "a socket", line: nil, offset: 107, code: 9, text: "not wanted", record: "a row"))
  end

  it "can't be anything else than addresses, nor take the names of others" do
    { nil => "the stage is NULL", 0 => "the stage is NULL", 42 => "42 is no address of a stage",
      4097 => "4097 is no address of a stage", "x" => /invalid value for Integer/, Object.new => /can't convert Object/ }.each do |pointer, reason|
      expect { Minigun::Native.register(:strange, pointer) }.to raise_error(ArgumentError, /\Anative stage strange: #{reason}/)
    end
    load(:again, as: :mine)
    expect { load(:head, as: :mine) }.to raise_error(ArgumentError, /native stage mine: there is another one of that name/)
    Minigun::Native.stages
    expect { load(:head, as: :grep) }.to raise_error(ArgumentError, /native stage grep: there is another one of that name/)
    expect { load(:head, as: :ordered) }.to raise_error(ArgumentError, /native stage ordered: the name is that of an option/)
  end

  it "say so themselves when they fail without a word" do
    load(:silent)
    expect { chain({ silent: true }).each(["x"]).to_a }.to raise_error(Minigun::NativeError, "silent: failed with status -1 and no text")
  end

  it "may have enough before the input ends" do
    load(:head)
    [1, 3].each do |workers|
      input = (1..Float::INFINITY).lazy.map(&:to_s)
      expect(chain({ head: 5 }, ordered: true, workers: workers).each(input).to_a).to eq(%w[1 2 3 4 5])
      reader, writer = IO.pipe
      writer.puts(*1..9)
      expect(chain({ lines: reader }, { head: 3 }, { group: true }, workers: workers).to_a).to eq([{ "count" => 3 }])
      writer.close
    end
  end

  it "may have enough in a pipeline, too, whoever goes on producing" do
    load(:head)
    job = Class.new do
      include Minigun::DSL
      attr_reader :out

      producer(:numbers) { (0..).each { |i| emit i.to_s } }
      native :first, head: 7, ordered: true
      consumer(:keep) { |text| (@out ||= []) << text }
    end.new
    log = log_of { job.run }
    expect(job.out).to eq((0..6).map(&:to_s))
    expect(job._minigun_task.root_pipeline.stats.for_stage(:first).items_produced).to eq(7)
    cancelled = job._minigun_task.last_result.cancelled
    expect(log.grep(/WARN.*were not delivered/)).to all(include(": #{cancelled} cancelled ("))
  end

  it "may have enough behind other stages of their chain" do
    load(:head)
    log = File.join(@folder, "log")
    File.write(log, "a line\n" * 400_000)
    job = Class.new do
      include Minigun::DSL
      attr_reader :out

      pipeline do
        native :read, lines: log
        native :some, grep: /line/
        native :first, head: 7
        consumer(:keep) { |text| (@out ||= []) << text }
      end
    end.new
    job.run
    expect(job.out).to eq(["a line"] * 7)
  end
end
