# frozen_string_literal: true

require_relative "dialect_helper"

# Section 1.
RSpec.describe "Loading and module level" do
  %w[minigun minigun/version minigun/hud minigun/queue_wrappers].each do |file|
    it "loads #{file} by name, first or later" do
      out, err, status = Open3.capture3(RbConfig.ruby, "-w", "-I#{DialectHelper::LIB}", "-e",
                                        "require '#{file}'; require 'minigun'; require '#{file}'; puts :ok")

      expect([out, err, status.success?]).to eq(["ok\n", "", true])
    end
  end

  it "lets a stage load them" do
    seen = seen_by do
      producer(:files) { %w[minigun minigun/version minigun/hud minigun/queue_wrappers].each { |f| emit f } }
      consumer(:load) { |file| @seen << require(file) }
    end

    expect(seen.size).to eq(4)
    expect(logged).not_to include("LoadError")
  end

  it "makes the standard library it promises available" do
    out, err, = ruby(<<~RUBY)
      p Set.new, Time.at(0).utc.iso8601, [1].to_json, FileUtils, Tempfile, Timeout, SecureRandom,
        IO.pipe[0].wait_readable(0), Logger
    RUBY

    expect(err).to eq("")
    expect(out.lines.size).to eq(9)
  end

  it "works while $stdout is a StringIO" do
    ordinary = $stdout
    $stdout = StringIO.new
    seen = seen_by do
      producer(:source) { 3.times { |n| emit n } }
      cow_fork(1) { processor(:child) { |n, output| output << n } }
      consumer(:keep) do |n|
        puts n
        @seen << n
      end
    end

    expect([seen, $stdout.string]).to eq([[0, 1, 2], "0\n1\n2\n"])
  ensure
    $stdout = ordinary
  end

  it "keeps no memory of a class name: other bodies, another arity of call" do
    body = <<~RUBY
      class DialectReloaded
        class Twice < Minigun::ConsumerStage
          def call(%<params>s) = %<send>s
        end
        include Minigun::DSL
        attr_reader :seen
        def initialize = (@seen = [])
        pipeline do
          producer(:source) { |output| output << %<item>d }
          custom_stage Twice, :twice
          consumer(:keep) { |n| @seen << n }
        end
      end
    RUBY
    versions = [{ params: "n, output", send: "(output << n * 2)", item: 4 }, { params: "n", send: "yield(n * 3)", item: 5 }]
    results = versions.map do |version|
      load_program(format(body, version)) { |path| load path }
      DialectReloaded.new.tap(&:run).seen
    ensure
      Object.send(:remove_const, :DialectReloaded)
    end

    expect(results).to eq([[8], [15]])
  end

  it "has its errors below Minigun::Error" do
    expect(Minigun::StageNameConflict.ancestors).to include(Minigun::Error)
    expect(Minigun::AmbiguousRoutingError.ancestors).to include(Minigun::Error)
    expect(Minigun::Error.superclass).to be(StandardError)
  end

  it "prints nothing by itself, and tells what it does at debug" do
    code = <<~RUBY
      class Quiet
        include Minigun::DSL
        pipeline { producer(:p) { |out| out << 1 }; consumer(:c) { |n| n } }
      end
      Quiet.new.run
    RUBY

    expect(ruby(code).first(2)).to eq(["", ""])
    expect(ruby(code, env: { "MINIGUN_LOG_LEVEL" => "debug" }).first(2).join).to match(/DEBUG/)
  end

  it "is configured by default_queue_size" do
    expect(Minigun.configuration.default_queue_size).to eq(1000)

    Minigun.configure { |c| c.default_queue_size = 7 }

    expect(Minigun.default_queue_size).to eq(7)
  ensure
    Minigun.configure { |c| c.default_queue_size = 1000 }
  end

  it "knows whether it can fork" do
    expect(Minigun.fork?).to be(Process.respond_to?(:fork))
    expect(Minigun::Platform.fork_supported?).to be(Minigun.fork?)
  end

  it "has the constants programs use" do
    names = %i[DSL Task Pipeline DAG Runner Stats AggregatedStats Stage ProducerStage ConsumerStage AccumulatorStage
               PipelineStage StageContext InputQueue OutputQueue EndOfSource EndOfStage Configuration HUD]

    expect(names.reject { |name| Minigun.const_defined?(name) }).to eq([])
  end

  it "has a class tree that serves both dialects" do
    expect(Minigun::AtomicStage.superclass).to be(Minigun::Stage)
    expect(Minigun::PipelineStage.superclass).to be(Minigun::Stage)
    expect(Minigun::ProducerStage.superclass).to be(Minigun::AtomicStage)
    expect(Minigun::ConsumerStage.superclass).to be(Minigun::AtomicStage)
    expect(Minigun::AccumulatorStage.superclass).to be(Minigun::ConsumerStage)
  end
end
