# frozen_string_literal: true

require "logger"
require "open3"
require "rbconfig"
require "stringio"
require "tmpdir"

RSpec.describe Minigun::PlainLogger do
  let(:device) { StringIO.new }

  # What both loggers write, without what differs from line to line.
  def written(kind, **options)
    logger = kind.new(device = StringIO.new, **options)
    yield logger
    device.string.gsub(/\d{4}-\S+ #\d+/, "TIME")
  end

  it "writes what Logger writes" do
    calls = lambda do |logger|
      %i[debug info warn error fatal unknown].each { |level| logger.public_send(level, "a #{level}") }
      logger.info { "made" }
      logger.info("program") { "made" }
      logger.warn({ a: 1 })
      logger.add(nil, "nothing known")
      logger.log(2, "as a warning", "other")
      logger.info(nil)
      logger << "raw\n"
    end

    [{}, { level: :warn }, { level: "ERROR", progname: "minigun" }, { level: "unknown" }].each do |options|
      expect(written(described_class, **options, &calls)).to eq(written(Logger, **options, &calls))
    end
  end

  it "writes exceptions with their backtrace" do
    error = (raise "broken" rescue $!)
    expect(written(described_class) { |logger| logger.error(error) }).to match(/ERROR.*plain_logger_spec.*broken/)
  end

  it "knows its level" do
    logger = described_class.new(device, level: :info)
    expect([logger.debug?, logger.info?, logger.unknown?, logger.level]).to eq([false, true, true, 1])
    expect { logger.level = "loud" }.to raise_error(ArgumentError, "invalid log level")
    expect { described_class.new(device, level: nil) }.to raise_error(ArgumentError)
  end

  it "formats as it is told" do
    logger = described_class.new(device, progname: "p")
    logger.formatter = ->(label, time, program, message) { [label, time.class, program, message].inspect }
    logger.info("x")
    expect(device.string).to eq('["INFO", Time, "p", "x"]')
  end

  it "works in a trap" do
    logger = described_class.new(device)
    before = trap("USR2") { logger.info("trapped") }
    Process.kill(:USR2, Process.pid)
    wait_until { device.string.include?("trapped") }
  ensure
    trap("USR2", before)
  end

  describe "where Logger is a gem that is not there" do
    let(:program) { <<~RUBY }
      require "minigun"
      class Fails
        include Minigun::DSL
        producer(:gen) { 2.times { |n| emit n } }
        processor(:work, execution: :ipc_fork) { |n| raise "no \#{n}" }
        consumer(:keep) { |n| n }
      end
      Fails.new.run
      print Minigun.logger.class
    RUBY

    def run(folder, environment = {})
      File.write(File.join(folder, "logger.rb"), "raise LoadError, 'cannot load such file -- logger'")
      lib = File.expand_path("../../lib", __dir__)
      Open3.capture2e(environment, RbConfig.ruby, "-I#{folder}", "-I#{lib}", "-e", program)
    end

    it "takes its place, in children too" do
      Dir.mktmpdir do |folder|
        output, status = run(folder)
        expect(status).to be_success, output
        expect(output.lines.grep(/ERROR -- minigun: .*no [01]/).size).to eq(2), output
        expect(output).to end_with("Minigun::PlainLogger")
      end
    end

    it "starts at the level of the environment, if there is such a level" do
      Dir.mktmpdir do |folder|
        expect(run(folder, "MINIGUN_LOG_LEVEL" => "fatal").first).to eq("Minigun::PlainLogger")
        expect(run(folder, "MINIGUN_LOG_LEVEL" => "loud").first).to include("ERROR")
      end
    end
  end
end
