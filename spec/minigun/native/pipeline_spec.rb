# frozen_string_literal: true

require "spec_helper"
require "digest"
require "open3"
require "stringio"
require "tmpdir"

RSpec.describe "native stages in a pipeline", :interrupting do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  let(:log) { StringIO.new }

  before do
    @logger = Minigun.logger
    Minigun.logger = Logger.new(log)
    File.write("log", Array.new(1_000) { |i| %({"path":"/#{i % 5}","status":#{i % 10 == 3 ? 500 : 200},"bytes":#{i}}\n) }.join)
  end

  after { Minigun.logger = @logger }

  # A job whose stages are defined by the block; items that reach `keep` are in `out`.
  def job(&definition)
    Class.new do
      include Minigun::DSL
      attr_reader :out

      define_method(:initialize) { @out = Queue.new }
      pipeline(&definition)
      define_method(:items) { Array.new(@out.size) { @out.pop } }
    end.new
  end

  def steps(instance)
    Minigun::Compiler.compile(instance._minigun_task.root_pipeline, instance).steps
  end

  it "reads, filters and sums without Ruby, and hands the result over" do
    report = job do
      native :read, lines: "log"
      native :failures, json: { select: %w[path bytes], where: { "status" => 500.. } }
      native :sum, group: { by: "path", count: true, sum: "bytes" }
      consumer(:keep) { |row| @out << row }
    end

    expect(report.run).to eq(1_000)
    expect(report.items).to eq([{ "path" => "/3", "count" => 100, "sum_bytes" => (3...1_000).step(10).sum }])
  end

  it "says which stage's pattern matches no file" do
    job { native :read, lines: { glob: "none*" } }.run

    expect(log.string.lines.grep(/WARN/)).to contain_exactly(end_with("pipeline :default, stage :read: no file matches none*\n"))
  end

  it "takes items from Ruby and gives items to Ruby, in order if asked" do
    sums = job do
      producer(:make) { 5_000.times { |i| emit "#{i}" } }
      native :digest, digest: :sha256, ordered: true
      processor(:short) { |text| emit text[0, 8] }
      native :some, grep: /^[0-7]/, ordered: true
      consumer(:keep) { |text| @out << text }
    end
    sums.run

    expect(sums.items).to eq(Array.new(5_000) { |i| Digest::SHA256.hexdigest(i.to_s)[0, 8] }.grep(/^[0-7]/))
  end

  it "fuses neighbours, and only those" do
    fused = job do
      native :read, lines: "log", to: :keep
      native :keep, grep: "500", to: %i[first second]
      native :first, group: true, to: :out
      native :second, digest: :sha256, to: :out
      consumer(:out) { |item| @out << item }
    end
    fused.run
    segments = steps(fused).map(&:callable).grep(Minigun::Native::Segment).map { |segment| segment.steps.map(&:name) }

    expect(segments).to eq([%i[read keep], [:first], [:second]])
    rows, digests = fused.items.partition { |item| item.is_a?(Hash) }
    expect([rows, digests.size]).to eq([[{ "count" => 101 }], 101])
  end

  it "counts per stage, with what failed" do
    File.write("log", "broken\n", mode: "a")
    counted = job do
      native :read, lines: "log"
      native :parse, json: %w[path status]
      native :write, write: "out"
    end
    counted.perform
    stats = counted._minigun_task.root_pipeline.stats
    numbers = %i[read parse write].map do |name|
      stage = stats.for_stage(name)
      [stage.items_consumed, stage.items_produced, stage.items_failed]
    end

    expect(numbers).to eq([[0, 1_001, 0], [1_001, 1_000, 1], [1_000, 0, 0]])
    expect(log.string).to include("[Stage:parse] item failed: Minigun::NativeError: log:1001: not a JSON object")
    expect(File.readlines("out").size).to eq(1_000)
  end

  it "stops the run when a stage fails, naming it" do
    failing = job do
      producer(:make) { 100_000.times { |i| emit "line #{i}" } }
      native :count, group: "nope"
      consumer(:keep) { |item| @out << item }
    end

    expect { failing.run }.to raise_error(Minigun::NativeError, /stage :count: group: .*needs rows/)
    missing = job do
      native :read, lines: %w[log nowhere]
      consumer(:keep) { |item| @out << item }
    end
    expect { missing.run }.to raise_error(Minigun::NativeError, /stage :read: lines: nowhere: No such file/)
  end

  it "ends at once when the run fails while it waits for room behind it" do
    choked = job do
      producer(:make) { 50_000.times { |i| emit i.to_s } }
      native :pass, grep: /./
      consumer(:keep, queue_size: 2, execution: :thread, max: 1, on_error: :raise) do |_|
        run = _minigun_task.root_pipeline.latest_run
        sleep 0.001 until run.state(run.program.steps.find { |step| step.name == :keep }.index)[:waiting_writers]
        raise IOError, "enough"
      end
    end

    expect { choked.run }.to raise_error(IOError, "enough")
  end

  it "takes no items but Strings and Hashes: the others fail, each by itself" do
    odd = job do
      producer(:make) { [:name, "text", 7, nil, "more"].each { |item| emit item } }
      native :pass, grep: /./, ordered: true
      consumer(:keep) { |text| @out << text }
    end
    odd.run
    failed = odd._minigun_task.root_pipeline.stats.for_stage(:pass).items_failed

    expect([odd.items, failed]).to eq([%w[text more], 3])
    expect(log.string.scan(/\[Stage:pass\] item failed: Minigun::NativeError: native stages take Strings, and Hashes .*, not (\w+)/))
      .to eq([["Symbol"], ["Integer"], ["NilClass"]])
  end

  it "refuses wrong options before anything runs" do
    started = false
    wrong = job do
      before_run { started = true }
      native :read, lines: "log"
      native :parse, json: { slect: "a" }
    end

    expect { wrong.run }.to raise_error(Minigun::Error, /stage :parse.*json: unknown option slect:/)
    expect(started).to be(false)
    expect { job { native :read, lines: "log", workers: 2000 }.run }
      .to raise_error(Minigun::Error, /pipeline :default, stage :read: workers: takes an Integer from 1 to 1024, not 2000/)
    expect { job { native :read, nope: 1 }.run }.to raise_error(Minigun::Error, /stage :read: native takes one native stage, and none is named/)
    expect { job { native :read, lines: "a", grep: /x/ }.run }.to raise_error(Minigun::Error, /lines and grep are given/)
  end

  it "refuses policies that no chain can follow, and tells of those that surround it" do
    { retries: 2, timeout: 1, backoff: 0.1 }.each do |option, value|
      wrong = job { native :read, lines: "log", option => value }
      expect { wrong.run }.to raise_error(Minigun::Error, /stage :read: native stages neither try again nor time out, so #{option}: can't be given/)
    end
    surrounded = job do
      producer(:make) { emit "a line" }
      native :some, grep: "line"
      native :more, grep: "line", retries: 0
      consumer(:keep) { |text| @out << text }
    end
    surrounded.class.retries(3)
    surrounded.run

    expect(surrounded.items).to eq(["a line"])
    expect(log.string.scan(/stage :\w+: native stages .*/))
      .to contain_exactly(match(/:some: native stages neither try again nor time out: retries: of what surrounds it has no effect/))
  end

  it "works beside forks, batches, routing by name and nested pipelines" do
    mixed = job do
      native :read, lines: "log"
      native :failures, json: { select: %w[path bytes], where: { "status" => 500 } }
      processor(:split) { |row, output| output.to(row["bytes"] < 500 ? :low : :high) << row }
      native :low, { group: true, await: true, to: :keep }
      processor(:high, await: true, to: :double) { |row| emit row["bytes"] }
      ipc_fork(2) { processor(:double, to: :keep) { |bytes| emit bytes * 2 } }
      consumer(:keep) { |item| @out << item }
    end
    mixed.run
    counts, doubled = mixed.items.partition { |item| item.is_a?(Hash) }

    expect(counts).to eq([{ "count" => 50 }])
    expect(doubled).to match_array((503...1_000).step(10).map { |bytes| bytes * 2 })
  end

  it "runs natively whatever context surrounds it" do
    surrounded = job do
      producer(:make) { 20.times { |i| emit i.to_s } }
      cow_fork(2) { native :some, grep: /1/, ordered: true }
      consumer(:keep) { |text| @out << text }
    end
    surrounded.run

    expect(surrounded.items).to eq(%w[1 10 11 12 13 14 15 16 17 18 19])
  end

  it "lets go at once when it is cancelled" do
    waiting = job do
      native :read, lines: "/dev/zero"
      consumer(:keep) { |item| @out << item }
    end
    endless = job do
      native :read, lines: { path: "log", block: 64 }
      consumer(:keep) { |_| Thread.stop }
    end
    [endless, waiting].each do |stuck|
      runner = Thread.new { stuck.perform }
      runner.report_on_exception = false
      wait_until { runner.stop? }
      runner.raise(Interrupt, "enough")
      expect { runner.join(10) or raise "still there" }.to raise_error(Interrupt)
    end
  end

  it "ends the run at the first bad record where the policy says so, with file and line" do
    File.write("log", "{broken\n", mode: "a")
    strict = job do
      native :read, lines: "log"
      native :parse, json: %w[path], on_error: :raise
      consumer(:keep) { |row| @out << row }
    end

    expect { strict.run }.to raise_error(Minigun::NativeError, /log:1001: a JSON object's key is missing/)
  end

  it "runs hooks once per run, around all records" do
    heard = []
    hooked = job do
      native :read, lines: "log"
      native :count, group: true
      consumer(:keep) { |row| @out << row }
      before(:read) { heard << :before_read }
      after(:count) { heard << :after_count }
    end
    hooked.run

    expect(heard).to eq(%i[before_read after_count])
  end

  it "gives Symbols as keys if asked, and takes Strings of any encoding" do
    words = job do
      producer(:make) { ["caf\u00e9".encode("ISO-8859-1"), "caf\u00e9", "plain".encode("UTF-16LE")].each { |word| emit word } }
      native :split, grep: { pattern: /(?<first>.*)(?<last>.)/, captures: true }, ordered: true, symbols: true
      consumer(:keep) { |row| @out << row }
    end
    words.run

    expect(words.items).to eq([{ first: "caf", last: "\u00e9" }, { first: "caf", last: "\u00e9" }, { first: "plai", last: "n" }])
  end

  it "leaves no file when the disk is full, and says so" do
    skip "files can't be limited here" unless Process.respond_to?(:setrlimit)
    program = <<~RUBY
      trap("XFSZ", "IGNORE")
      Process.setrlimit(:FSIZE, 50_000)
      begin
        Minigun::Native::Chain.new({ lines: "big" }, { write: "out" }).run
      rescue Minigun::NativeError => e
        puts e.message
      end
    RUBY
    File.write("big", "a line\n" * 100_000)
    output, = Open3.capture2e(RbConfig.ruby, "-I#{File.expand_path("../../../lib", __dir__)}", "-rminigun", "-e", program)

    expect(output).to eq("write: out: write: File too large\n")
    expect(Dir.children(".")).to contain_exactly("big", "log")
  end

  it "needs nothing required but minigun" do
    program = <<~RUBY
      job = Class.new do
        include Minigun::DSL
        producer(:make) { emit '{"a":{"b":[1]}}' }
        native :parse, json: "a"
        consumer(:show) { |row| p row }
      end
      job.new.run
    RUBY
    output, = Open3.capture2e(RbConfig.ruby, "-I#{File.expand_path("../../../lib", __dir__)}", "-rminigun", "-e", program)

    expect(output).to include({ "a" => { "b" => [1] } }.inspect)
  end

  it "keeps no fork waiting while it waits for input itself" do
    reader, writer = IO.pipe
    waiting = job do
      native :read, { lines: reader, workers: 3 }
      consumer(:keep) { |text| @out << text }
    end
    writer.puts("first")
    runner = Thread.new { waiting.perform }
    first = waiting.out.pop
    quiet = Minigun::Native.send(:quiesce)
    Minigun::Native.send(:resume, false)
    pid = fork { exit!(Minigun::Native::Chain.new({ grep: /x/ }).each(%w[x y]).to_a == ["x"] ? 0 : 1) }
    status = Process.wait2(pid).last
    writer.puts("last")
    writer.close
    runner.join

    expect([first, quiet, status.exitstatus, waiting.items]).to eq(["first", true, 0, ["last"]])
  end

  it "reads no further when the run drains, and hands on what it has read" do
    reader, writer = IO.pipe
    endless = job do
      native :read, lines: reader
      native :count, group: true
      native :out, write: "out"
      consumer(:keep) { |row| @out << row }
    end
    writer.puts("one", "two")
    runner = Thread.new { endless.perform }
    wait_until { endless._minigun_task&.root_pipeline&.stats&.for_stage(:read)&.items_produced == 2 }
    endless._minigun_task.root_pipeline.drain
    runner.join
    writer.close

    expect(File.read("out")).to eq(%({"count":2}\n))
  end

  it "has its items on the run's books, so that nothing ends which they still lead to" do
    circle = job do
      producer(:make, to: :write) { emit 9 }
      processor(:write, to: :pass) { |number| emit number.to_s }
      native :pass, grep: /[^5]/, to: :again
      processor(:again) do |text, output|
        @out << text
        output.to(:write) << (text.to_i - 1)
      end
    end
    circle.run

    expect(circle.items).to eq(%w[9 8 7 6])
  end

  it "reads no further when all that it leads to has ended" do
    reader, writer = IO.pipe
    File.mkfifo("endless")
    open_end = job do
      native :read, lines: reader
      native :some, grep: "line"
      stage(:first) { |input, output| 10.times { output << input.pop } }
      consumer(:keep) { |text| @out << text }
    end
    endless = job do
      native :read, lines: "endless"
      processor(:pass) { |text| emit text }
      stage(:first) { |input, output| 10.times { output << input.pop } }
      consumer(:keep) { |text| @out << text }
    end
    writer.puts(Array.new(15) { |i| "line #{i}" })
    feeder = Thread.new do
      File.open("endless", "w") { |file| loop { file.puts("line") } }
    rescue Errno::EPIPE
      :read_no_further
    end
    [open_end, endless].each(&:run)
    writer.close

    expect([open_end.items, endless.items, feeder.value]).to eq([Array.new(10) { |i| "line #{i}" }, ["line"] * 10, :read_no_further])
    expect(log.string.scan("Stage:first] had ended").size).to be <= 2
  end

  it "can be written by others", limit: 120 do
    skip "needs rake and the bundle" unless defined?(Bundler)
    root = File.expand_path("../../..", __dir__)
    environment = { "BUILD" => File.join(Dir.pwd, "build"), "MINIGUN_LIB" => "#{root}/lib", "RUBYOPT" => nil }
    output, status = Bundler.with_unbundled_env { Open3.capture2e(environment, "rake", chdir: "#{root}/examples/native_stage") }

    expect([status.success?, output]).to match([true, /cut works.*0 failures, 0 errors/m])
  end
end
