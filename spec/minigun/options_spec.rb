# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Options do
  def compile(config = {}, **options)
    pipeline = Minigun::Pipeline.new(:line, config)
    pipeline.add_stage(:producer, :p) { emit 1 }
    pipeline.add_stage(:accumulator, :pack, options)
    Minigun::Compiler.compile(pipeline, Object.new)
  end

  {
    max_size: [0, -1, "ten", 1.5], max_wait: [0, "soon"], threads: [0], processes: [-2], queue_size: [-1, "big"],
    await: [:soon, "yes", -1], routing: [:random], ordered: ["yes"], on_error: [:explode], retries: [-1, 1.5],
    backoff: ["slowly"], max_errors: [0], max_error_rate: [2], timeout: [0], write_back: [1], max_retries: [-1, 0.5]
  }.each do |option, values|
    values.each do |value|
      it "refuses #{option}: #{value.inspect}" do
        expect { compile(option => value) }
          .to raise_error(Minigun::Error, /pipeline :line, stage :pack: #{option}: must be .*, not #{Regexp.escape(value.inspect)}/)
      end
    end
  end

  { max_threads: 0, max_processes: "two", max_retries: -1 }.each do |setting, value|
    it "refuses the setting #{setting}: #{value.inspect}" do
      expect { compile({ setting => value }) }
        .to raise_error(Minigun::Error, /pipeline :line: #{setting}: must be/)
    end
  end

  it "takes what is right" do
    expect do
      compile(max_size: 1, max_wait: 0.5, queue_size: Float::INFINITY, await: 0, on_error: ->(_) { :skip }, backoff: 0.1,
              max_error_rate: 0.5, dead_letter: [], colour: :red)
    end.not_to raise_error
  end

  it "keeps unknown options, and warns of near misses" do
    former = Minigun.logger
    Minigun.logger = Logger.new(log = StringIO.new)
    program = compile(max_sise: 3, colour: :red)

    expect(program.steps.last.stage.options).to eq(max_sise: 3, colour: :red)
    expect(log.string.scan(/WARN.*/)).to contain_exactly(/stage :pack: unknown option max_sise.*did you mean max_size/)
  ensure
    Minigun.logger = former
  end
end
