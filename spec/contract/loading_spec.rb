# frozen_string_literal: true

require_relative "contract_helper"
require "fileutils"
require "tmpdir"

RSpec.describe "Loading the library" do
  let(:minigun_path) { File.join(ContractHelper::LIB, "minigun") }
  let(:context_path) { File.join(ContractHelper::LIB, "minigun/execution/context") }

  # A program that runs and prints 2, 4.
  let(:program) { <<~RUBY }
    class Doubles
      include Minigun::DSL
      producer(:gen) { emit 1; emit 2 }
      processor(:twice) { |n| emit n * 2 }
      consumer(:show) { |n| puts n }
    end
    Doubles.new.run
  RUBY

  def loads(code, *options)
    ended = ruby(code, *options)
    expect(ended.status).to be_success, ended.err
    ended.out
  end

  it "takes one require" do
    constants = %w[DSL Task Pipeline DAG Stage AtomicStage AccumulatorStage PipelineStage Runner
                   Stats AggregatedStats Execution Error VERSION]
    out = loads("require 'minigun'; print #{constants}.all? { |name| Minigun.const_defined?(name) }",
                "-I#{ContractHelper::LIB}")

    expect(out).to eq("true")
  end

  it "takes a path without any load path" do
    expect(loads("require '#{minigun_path}'; #{program}")).to eq("2\n4\n")
  end

  it "takes a path relative to the program" do
    Dir.mktmpdir do |dir|
      File.symlink(ContractHelper::LIB, File.join(dir, "lib"))
      File.write(File.join(dir, "job.rb"), "require_relative 'lib/minigun'\n#{program}")

      expect(loads("load '#{dir}/job.rb'")).to eq("2\n4\n")
    end
  end

  it "knows both spellings as one file" do
    out = loads("p require('minigun'), require('#{minigun_path}'), require('#{minigun_path}.rb')",
                "-I#{ContractHelper::LIB}")

    expect(out).to eq("true\nfalse\nfalse\n")
  end

  it "finds the extension with the folder on the load path only" do
    expect(loads("require 'minigun'; #{program}", "-I#{ContractHelper::LIB}")).to eq("2\n4\n")
  end

  describe "of lib/minigun/execution/context.rb" do
    let(:inline) { "print Minigun::Execution.create_context(:inline, :x).execute { 5 }.join" }

    it "works without minigun" do
      expect(loads("require '#{context_path}'; #{inline}")).to eq("5")
    end

    it "works before minigun" do
      expect(loads("require '#{context_path}'; require '#{minigun_path}'; #{inline}; #{program}"))
        .to eq("52\n4\n")
    end

    it "works after minigun" do
      expect(loads("require '#{minigun_path}'; require '#{context_path}'; #{inline}; #{program}"))
        .to eq("52\n4\n")
    end
  end

  describe "again" do
    it "raises nothing and runs afterwards" do
      files = ["#{minigun_path}.rb", "#{context_path}.rb"].inspect
      out = loads("#{files}.each { |file| 2.times { load file } }; #{program}", "-W0")

      expect(out).to eq("2\n4\n")
    end

    it "keeps programs defined before it working" do
      definition, run = program.lines[0..-2].join, program.lines.last
      out = loads("require '#{minigun_path}'; #{definition}; load '#{minigun_path}.rb'; #{run}", "-W0")

      expect(out).to eq("2\n4\n")
    end

    it "raises nothing under a second path, which brings a second extension" do
      Dir.mktmpdir do |dir|
        FileUtils.cp_r(ContractHelper::LIB, dir)
        out = loads("require '#{minigun_path}'; require '#{dir}/lib/minigun'; #{program}", "-W0")

        expect(out).to eq("2\n4\n")
      end
    end
  end

  it "brings the parts of the standard library that programs use" do
    code = <<~RUBY
      require 'minigun'
      Set.new; Time.now.iso8601; JSON.generate([1]); FileUtils; Tempfile; Timeout; SecureRandom.hex; Logger
      print IO.instance_methods.include?(:wait_readable)
    RUBY

    expect(loads(code, "-I#{ContractHelper::LIB}")).to eq("true")
  end

  it "needs no third-party library" do
    out = loads("require 'minigun'; puts $LOADED_FEATURES.grep(/concurrent/); #{program}",
                "-I#{ContractHelper::LIB}", "--disable-gems")

    expect(out).to eq("2\n4\n")
  end

  it "has a version of three integers" do
    expect(Minigun::VERSION).to be_a(String).and match(/\A\d+\.\d+\.\d+\z/)
  end
end
