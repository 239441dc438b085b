# frozen_string_literal: true

require "spec_helper"
require "tempfile"

RSpec.describe Minigun::Logging do
  it "tells once that nobody reads standard output, however many lines are lost" do
    reader, writer = IO.pipe
    reader.close
    errors = Tempfile.new("errors")
    lib = File.expand_path("../../lib", __dir__)
    pid = spawn(RbConfig.ruby, "-I#{lib}", "-rminigun", "-e", <<~RUBY, out: writer, err: errors.path)
      job = Class.new do
        include Minigun::DSL
        producer(:gen) { 500.times { |n| emit n } }
        consumer(:show) { |n| $stdout.puts n; $stdout.flush }
      end
      exit job.new.tap(&:run).last_result.skipped == 500
    RUBY
    writer.close

    expect(Process.wait2(pid).last).to be_success
    expect(File.readlines(errors.path)).to eq([described_class::StandardOutput::GONE])
  end

  it "ends the run with the error of a logger that fails where a producer's failure is told" do
    job = Class.new do
      include Minigun::DSL
      producer(:gen) { raise "no items" }
      consumer(:keep) { |n| n }
    end.new
    former = Minigun.logger
    Minigun.logger = Logger.new(StringIO.new).tap { |logger| logger.define_singleton_method(:error) { |*| raise KeyError, "no room" } }

    expect { job.run }.to raise_error(KeyError, "no room")
    expect(job.last_result.stages).to all(be_balanced.and(have_attributes(failed: 0)))
  ensure
    Minigun.logger = former
  end

  it "takes from children whatever is logged there, by name and by level" do
    job = Class.new do
      include Minigun::DSL
      producer(:gen) { |output| output << 1 }
      consumer(:keep, execution: :cow_fork) do |_|
        logger = Minigun.logger
        logger.warn(KeyError.new("an error"))
        logger.warn([:a, :list])
        logger.info("less than is wanted")
        logger.warn("by name") { "a block" }
        logger.add(nil, "of no level")
      end
    end
    said = StringIO.new
    former = Minigun.logger
    Minigun.logger = Logger.new(said, level: :warn, formatter: ->(severity, _, name, text) { "#{severity} #{name} #{text}\n" })
    job.new.run

    expect(said.string).to include("an error (KeyError)", "WARN  [:a, :list]\n", "WARN by name a block\n", "ANY  of no level\n")
    expect(said.string).not_to include("less than")
  ensure
    Minigun.logger = former
  end
end
