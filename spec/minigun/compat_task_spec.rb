# frozen_string_literal: true

require "fileutils"
require "open3"
require "stringio"
require "tmpdir"
require_relative "../../rakelib/compat_suite"

RSpec.describe CompatSuite, limit: 90 do
  around { |example| Dir.mktmpdir { |folder| example.call(@checkout = folder) } }

  attr_reader :checkout

  def write(path, text)
    FileUtils.mkdir_p(File.dirname(File.join(checkout, path)))
    File.write(File.join(checkout, path), text)
  end

  # A checkout with a library of its own that must not be used.
  def stand_in(expected_sum: 12)
    write ".rspec", "--require spec_helper\n"
    write "lib/minigun.rb", "raise 'the library of the checkout was loaded'\n"
    write "spec/spec_helper.rb", "require 'minigun'\n"
    write "examples/doubles.rb", <<~RUBY
      require_relative "../lib/minigun"
      class Doubles
        include Minigun::DSL
        attr_reader :sum
        producer(:numbers) { [1, 2, 3].each { |number| emit number } }
        processor(:double) { |number| emit number * 2 }
        consumer(:add) { |number| @sum = (@sum || 0) + number }
      end
    RUBY
    write "spec/doubles_spec.rb", <<~RUBY
      RSpec.describe "examples/doubles.rb" do
        before { load File.expand_path("../examples/doubles.rb", __dir__) }
        it "counts its items" do
          expect(Doubles.new.run).to eq(3)
        end
        it "sums" do
          job = Doubles.new
          job.run
          expect(job.sum).to eq(#{expected_sum})
        end
      end
    RUBY
  end

  def run_suite
    output = StringIO.new
    [*described_class.new(checkout, output: output).run, output.string]
  end

  it "runs the suite against this library and returns its closing line and status" do
    stand_in

    closing, status, output = run_suite

    expect(closing).to eq("2 examples, 0 failures"), output
    expect(status).to eq(0)
  end

  it "passes failures on, with the suite's output" do
    stand_in(expected_sum: 13)

    closing, status, output = run_suite

    expect(closing).to eq("2 examples, 1 failure"), output
    expect(status).to eq(1)
    expect(output).to include("expected: 13")
  end

  it "says so when the suite doesn't load" do
    write "spec/broken_spec.rb", "raise 'no such thing'\n"

    closing, status, output = run_suite

    expect(closing).to start_with("0 examples, 0 failures, 1 error"), output
    expect(status).to eq(1)
  end

  it "refuses a folder without a suite" do
    expect { described_class.new(checkout) }.to raise_error(ArgumentError, /has no folder spec/)
  end

  it "is what rake compat runs" do
    skip "needs rake and the bundle" unless defined?(Bundler)
    stand_in(expected_sum: 13)
    root = File.expand_path("../..", __dir__)

    output, status = Open3.capture2e("bundle", "exec", "rake", "compat[#{checkout}]", chdir: root)

    expect(output.lines.last.chomp).to eq("2 examples, 1 failure"), output
    expect(status.exitstatus).to eq(1)
  end
end
