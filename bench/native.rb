# frozen_string_literal: true

require_relative "support/bench"
require_relative "native/opponents"
require "json"
require "tempfile"

# The same question to everybody: of all requests that failed, count and bytes by path.
module NativeStages
  JQ = 'select(.status >= 500) | "\(.path)\t\(.bytes)"'
  AWK = <<~'AWK'
    match($0, /"status":[0-9]+/) && substr($0, RSTART + 9, RLENGTH - 9) >= 500 {
      match($0, /"bytes":[0-9]+/); bytes = substr($0, RSTART + 8, RLENGTH - 8)
      match($0, /"path":"[^"]*"/); path = substr($0, RSTART, RLENGTH)
      count[path]++; sum[path] += bytes
    }
    END { for (path in count) { groups++; all += count[path]; total += sum[path] }; printf "%d %d %.0f\n", groups, all, total }
  AWK
  JSON_OPTIONS = { select: %w[path bytes], where: { "status" => 500.. } }.freeze
  GROUP = { group: { by: "path", count: true, sum: "bytes" } }.freeze

  module_function

  def log = Opponents.log

  # `lazy` checks of each line what it needs, as simdjson's on-demand parser does; the others check all.
  def native(workers, source = log, lazy: false)
    total(Minigun::Native::Chain.new({ lines: source }, { json: { **JSON_OPTIONS, lazy: lazy } }, GROUP, workers: workers)
                                .map { |row| row.values_at("count", "sum_bytes") })
  end

  def ruby
    sums = Hash.new { |hash, path| hash[path] = [0, 0] }
    File.foreach(log) do |line|
      request = yield line
      next if request["status"] < 500

      sum = sums[request["path"]]
      sum[0] += 1
      sum[1] += request["bytes"]
    end
    total(sums.values)
  end

  def total(sums) = [sums.size, sums.sum(&:first), sums.sum(&:last)]

  def jq
    sums = Hash.new { |hash, path| hash[path] = [0, 0] }
    IO.popen(["jq", "-r", JQ, log]) do |output|
      output.each_line(chomp: true) do |line|
        path, bytes = line.split("\t")
        sums[path][0] += 1
        sums[path][1] += Integer(bytes)
      end
    end
    total(sums.values)
  end

  def sha256(workers)
    chain = Minigun::Native::Chain.new({ lines: log }, { digest: :sha256 }, workers: workers).run
    [chain.counters.last[:produced]]
  end

  # Nanoseconds of one record through a stage that does nothing: a chain of many, less one of none.
  def empty_stage(stages = 10)
    times = [stages, 0].map do |count|
      Bench.seconds { Minigun::Native::Chain.new({ lines: log }, *[{ pass: true }] * count, workers: 1).run }
    end
    (times.first - times.last) * 1e9 / stages / Opponents.lines
  end

  # How much a process grows over a file this many times as long as the log.
  def growth(times)
    reader, writer = IO.pipe
    pid = fork do
      native(2, [log])
      Bench::Machine.forget_peak
      before = Bench::Machine.resident
      native(2, [log] * times)
      writer.write((Bench::Machine.peak - before).to_s)
      exit!
    end
    writer.close
    Process.wait(pid)
    Integer(reader.read) / 1e6
  end

  # A thread that counts while the block works: its speed, and that alone, one after the other and
  # again and again, for others come and go. What it loses by the block, in per cent, in the middle.
  def counting(pairs = 5)
    Bench.median(Array.new(pairs) do
      beside, seconds = count_during { yield }
      alone, = count_during { sleep seconds }
      100 - (beside / alone * 100)
    end)
  end

  # @return [Array(Float, Float)] numbers a second, seconds
  def count_during
    number = 0
    counter = Thread.new { loop { number += 1 } }
    seconds = Bench.seconds { yield }
    [number / seconds, seconds]
  ensure
    counter.kill.join
  end

  # Milliseconds from the cancel of a chain at work until its threads are gone.
  def cancel
    machine = Minigun::Native::Chain.new({ lines: log }, { digest: :sha256 }, workers: 2).machine(false).start
    sleep 0.02
    Bench.seconds { machine.cancel.then { machine.join } } * 1000
  end

  def gzip
    @gzip ||= "#{log}.gz".tap { |path| system("gzip -c #{log} > #{path}") unless File.exist?(path) }
  end

  # The log in four files.
  def parts
    @parts ||= Array.new(4) { |i| "#{log}.#{i}.gz" }.tap do |paths|
      next if paths.all? { |path| File.exist?(path) }

      lines = Opponents.lines.fdiv(4).ceil
      system("split", "--lines=#{lines}", "--numeric-suffixes=0", "--suffix-length=1", "--additional-suffix=.gz", "--filter=gzip -c > $FILE", log, "#{log}.")
    end
  end

  def piped(workers)
    IO.popen(["zcat", gzip]) { |output| native(workers, output) }
  end
end

Bench.run "native", "Requests that failed, by path, of an NDJSON log (#{File.size(Opponents.log) / 1_000_000} MB); SHA-256 of its lines. " \
  "oneTBB + simdjson checks of each line the members it walks over; minigun checks each line whole, and minigun, lazy, no further " \
  "than to the condition that rules it out." do
  items Opponents.lines
  rounds 3
  answer = NativeStages.native(1)
  check { |result, _| result == answer || result == [Opponents.lines] }

  contender("Ruby with Oj", needs: "oj") { NativeStages.ruby { |line| Oj.load(line) } }
  contender("Ruby with JSON") { NativeStages.ruby { |line| JSON.parse(line) } }
  contender("jq") { NativeStages.jq } if Opponents.installed?("jq")
  contender("mawk") { Opponents.numbers("mawk", NativeStages::AWK, NativeStages.log) } if Opponents.installed?("mawk")
  [1, 2].each do |workers|
    if (duckdb = Opponents.duckdb)
      contender("DuckDB, #{workers}") { Opponents.numbers(*duckdb, NativeStages.log, workers.to_s) }
    end
    if (tbb = Opponents.tbb)
      contender("oneTBB + simdjson, #{workers}") { Opponents.numbers(tbb, NativeStages.log, workers.to_s) }
    end
    contender("minigun, #{workers}") { NativeStages.native(workers) }
    contender("minigun, lazy, #{workers}") { NativeStages.native(workers, lazy: true) }
  end
  contender("zcat | minigun, 2") { NativeStages.piped(2) }
  contender("minigun on gzip, 2") { NativeStages.native(2, NativeStages.gzip) }
  [1, 2].each { |workers| contender("minigun on four gzip files, #{workers}") { NativeStages.native(workers, NativeStages.parts) } }
  if (loop = Opponents.sha256)
    contender("SHA-256 in a plain C loop") { Opponents.numbers(loop, NativeStages.log) }
  end
  [1, 2].each { |workers| contender("SHA-256 in minigun, #{workers}") { NativeStages.sha256(workers) } }

  figure("a native stage that does nothing", "ns a record") { NativeStages.empty_stage }
  figure("from a cancel to the last thread's end", "ms") { NativeStages.cancel }
  figure("growth over a log three times as long", "MB") { NativeStages.growth(3) }
  figure("a Ruby thread beside native stages is slower by", "%") { NativeStages.counting { NativeStages.sha256(1) } }
  if loop
    figure("a Ruby thread beside the plain C loop in another process is slower by", "%") do
      NativeStages.counting { Opponents.run(loop, NativeStages.log) }
    end
  end

  faster "minigun, 1", "Ruby with Oj", times: 15
  [1, 2].each do |workers|
    faster "minigun, #{workers}", "DuckDB, #{workers}", times: 3
    faster "minigun, lazy, #{workers}", "oneTBB + simdjson, #{workers}", times: 0.8
    faster "minigun, #{workers}", "oneTBB + simdjson, #{workers}", times: 0.8
  end
  faster "oneTBB + simdjson, 2", "oneTBB + simdjson, 1", times: 1.8
  faster "minigun, 2", "minigun, 1", times: 1.8
  faster "SHA-256 in minigun, 2", "SHA-256 in minigun, 1", times: 1.9
  goal "SHA-256 in minigun, 1", "SHA-256 in a plain C loop", at_most: 1.05
  goal "minigun on gzip, 2", "zcat | minigun, 2", at_most: 1.10
  faster "minigun on four gzip files, 2", "minigun on four gzip files, 1", times: 1.8
  limit "a native stage that does nothing", at_most: 30
  limit "from a cancel to the last thread's end", at_most: 10
  limit "growth over a log three times as long", at_most: 16
  limit "a Ruby thread beside native stages is slower by", at_most: 10
end
