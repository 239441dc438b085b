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
end
