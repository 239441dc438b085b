# frozen_string_literal: true

require "spec_helper"
require "open3"
require "stringio"
require "tmpdir"

RSpec.describe Minigun::CommandLine do
  def call(*arguments)
    output, errors = StringIO.new, StringIO.new
    [described_class.new(arguments, output: output, errors: errors).run, output.string, errors.string]
  end

  # A file with that text in a folder of its own; yields its path and forgets the classes of the text.
  def file(text)
    Dir.mktmpdir do |folder|
      path = File.join(folder, "jobs.rb")
      File.write(path, text)
      yield path
    end
  ensure
    text.scan(/^class (\w+)/).flatten.each { |name| Object.send(:remove_const, name) if Object.const_defined?(name) }
  end

  let(:one) { <<~RUBY }
    class CommandSum
      include Minigun::DSL
      class << self
        attr_accessor :sum
      end
      def initialize(top = 3) = @top = top.to_i
      producer(:count) { @top.times { |n| emit n } }
      processor(:same) { |n| emit n }
      consumer(:add) { |n| self.class.sum = (self.class.sum || 0) + n }
      def run = raise("not this one")
    end
  RUBY
  let(:two) { "#{one}class CommandSum2 < CommandSum\nend\n" }

  it "runs the job of a file, with arguments for its constructor" do
    file(one) do |path|
      expect(call("run", path)).to eq([0, "", ""])
      expect(CommandSum.sum).to eq(3)
    end
    file(one) do |path|
      expect(call("run", path, "--", "5")).to eq([0, "", ""])
      expect(CommandSum.sum).to eq(10)
    end
  end

  it "shows statistics when asked" do
    file(one) { |path| expect(call("run", path, "--statistics")[1]).to match(/Pipeline: default.*same/m) }
  end

  it "explains the plan and runs nothing" do
    file(one) do |path|
      status, output, = call("explain", path)

      expect([status, CommandSum.sum]).to eq([0, nil])
      expect(output).to match(/3 stages in 1 segment.*count -> same -> add/m)
    end
  end

  it "takes the name of the class where there are several" do
    file(two) { |path| expect(call("run", path)).to match([2, "", /several: CommandSum, CommandSum2; name one/]) }
    file(two) { |path| expect(call("run", path, "CommandSum2").first).to eq(0) }
    file(two) { |path| expect(call("run", path, "ComandSum2")).to match([2, "", /did you mean CommandSum2/]) }
  end

  {
    %w[rnu x.rb] => /unknown command rnu.*Usage/m, %w[run] => /run needs a file/,
    %w[run nowhere.rb] => /no file nowhere\.rb/, %w[run --fast] => /invalid option/,
    %w[run a.rb B c d] => /what is c d\?/, %w[run --log loud a.rb] => /loud/
  }.each do |arguments, message|
    it "refuses #{arguments.join(" ")}" do
      expect(call(*arguments)).to match([2, "", message])
    end
  end

  it "refuses a file without a job, and arguments that don't fit" do
    file("CommandNothing = 1") { |path| expect(call("run", path)).to match([2, "", /no class that includes Minigun::DSL/]) }
    file(one) { |path| expect(call("run", path, "--", "1", "2")).to match([2, "", /other arguments than 2/]) }
  ensure
    Object.send(:remove_const, :CommandNothing)
  end

  it "tells what stopped a run and where" do
    file(one.sub("@top.times", "raise NotImplementedError, 'not yet'; @top.times")) do |path|
      expect(call("run", path)).to match([1, "", /NotImplementedError: not yet \(#{path}:7/])
    end
  end

  it "is the program minigun" do
    root = File.expand_path("../..", __dir__)
    program = [RbConfig.ruby, "-I#{root}/lib", File.join(root, "exe", "minigun")]

    %w[version --version -v].each do |asked|
      expect(Open3.capture2e(*program, asked).first).to eq("minigun #{Minigun::VERSION}\n")
    end
    expect(Open3.capture2e(*program).first).to include("Usage: minigun run FILE")
    expect(Open3.capture2e(*program, "help").last.exitstatus).to eq(0)
    expect(Open3.capture2e(*program, "rum").last.exitstatus).to eq(2)
  end
end
