# frozen_string_literal: true

require "spec_helper"
require "tmpdir"

RSpec.describe Minigun::Native::Chain, :interrupting do
  def chain(*stages, **options) = described_class.new(*stages, **options)

  def items(*stages, input: nil, **options) = chain(*stages, **options).each(input).to_a

  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  describe "lines" do
    let(:text) { Array.new(3_000) { |i| "line #{i} #{"x" * (i % 90)}" }.push("", "last").join("\n") }

    before { File.write("a.txt", text) }

    it "reads each line once, wherever blocks and workers meet" do
      [1, 7, 64, 1000, 1 << 18].each do |block|
        [1, 3].each do |workers|
          expect(items({ lines: { path: "a.txt", block: block } }, workers: workers, ordered: true)).to eq(text.split("\n", -1))
          expect(items({ lines: { path: "a.txt", block: block } }, workers: workers).sort).to eq(text.split("\n", -1).sort)
        end
      end
    end

    it "reads packed files, globs, pipes and IO objects" do
      require "zlib"
      Zlib::GzipWriter.open("a.gz") { |file| file.write(text) }
      File.binwrite("two.gz", Zlib.gzip("one\n") + Zlib.gzip("two\n"))
      reader, writer = IO.pipe
      feeder = Thread.new { writer.write(text) && writer.close }

      expect(items({ lines: "a.gz" }, ordered: true)).to eq(text.split("\n", -1))
      expect(items({ lines: "two.gz" }, ordered: true)).to eq(%w[one two])
      expect(items({ lines: reader }, ordered: true)).to eq(text.split("\n", -1))
      expect(items({ lines: { glob: "*.gz" } }).size).to eq(3_004)
      expect(log_of { expect(items({ lines: { glob: "*.none" } })).to eq([]) }).to eq(["WARN native stage lines: no file matches *.none"])
      feeder.join
    end

    it "says what is wrong with a file" do
      File.binwrite("broken.gz", "\x1f\x8b\x08\x00 no gzip at all")
      expect { items({ lines: "broken.gz" }) }.to raise_error(Minigun::NativeError, /lines: broken.gz: gzip/)
      expect { items({ lines: "none" }) }.to raise_error(Minigun::NativeError, "lines: none: No such file or directory")
      expect { items({ lines: "." }) }.to raise_error(Minigun::NativeError, /directory/)
      File.write("long.txt", "x" * 50_000)
      expect { items({ lines: { path: "long.txt", block: 16, max_line: 20 } }) }.to raise_error(Minigun::NativeError, /max_line/)
    end

    it "keeps CSV records with newlines in one piece" do
      File.write("a.csv", "a,b\n1,\"x\ny\"\n2,\"\"\"z\"\"\"\n")
      expect(items({ lines: { path: "a.csv", quoted: true, block: 3 } }, { csv: true }, ordered: true))
        .to eq([{ "a" => "1", "b" => "x\ny" }, { "a" => "2", "b" => '"z"' }])
    end
  end

  describe "grep" do
    let(:words) { ["abc", "ABC", "a.c", "deadbeef", "xyz"] }

    it "keeps what Ruby would" do
      [/b/, /b/i, /^a.c$/, /\h{8}/, /(?:x|d)/, /a \. c/x].each do |pattern|
        expect(items({ grep: pattern }, input: words, ordered: true)).to eq(words.grep(pattern))
      end
      expect(items({ grep: "a.c" }, input: words)).to eq(["a.c"])
      expect(items({ grep: [/y/, "AB"] }, input: words, ordered: true)).to eq(%w[ABC xyz])
      expect(items({ grep: { pattern: /a/i, invert: true } }, input: words)).to eq(["xyz"])
    end

    it "emits named captures in the pattern's order" do
      expect(items({ grep: { pattern: /(?<user>\w+)@(?<host>\w+)?/, captures: true } }, input: ["ann@home", "bob@", "none"],
                   ordered: true))
        .to eq([{ "user" => "ann", "host" => "home" }, { "user" => "bob", "host" => nil }])
      expect { items({ grep: { pattern: /x/, captures: true } }, input: []) }.to raise_error(Minigun::NativeError, /names none/)
    end
  end

  describe "group, distinct, top" do
    let(:rows) { Array.new(1_000) { |i| { "k" => "k#{i % 7}", "n" => i, "f" => i / 4.0, "x" => (i if i.odd?) } } }

    it "adds up as Ruby does" do
      result = items({ group: { by: "k", count: true, sum: %w[n f x], min: "n", max: "k", mean: "x" } }, input: rows, workers: 3)
      expected = rows.group_by { |row| row["k"] }.map do |key, group|
        odd = group.filter_map { |row| row["x"] }
        { "k" => key, "count" => group.size, "sum_n" => group.sum { |row| row["n"] },
          "sum_f" => group.sum { |row| row["f"] }, "sum_x" => odd.sum, "min_n" => group.map { |row| row["n"] }.min,
          "max_k" => key, "mean_x" => odd.sum.fdiv(odd.size) }
      end
      expect(result).to match_array(expected)
    end

    it "groups by several columns, by none, and lines by themselves" do
      expect(items({ group: { by: %w[k x] } }, input: [{ "k" => 1, "x" => nil }, { "k" => "1", "x" => nil }, { "k" => 1, "x" => nil }]))
        .to contain_exactly({ "k" => 1, "x" => nil, "count" => 2 }, { "k" => "1", "x" => nil, "count" => 1 })
      expect(items({ group: true }, input: %w[a b])).to eq([{ "count" => 2 }])
      expect(items({ group: "line" }, input: %w[a b a])).to contain_exactly({ "line" => "a", "count" => 2 }, { "line" => "b", "count" => 1 })
      expect { items({ group: "nope" }, input: rows) }.to raise_error(Minigun::NativeError, /no column nope/)
    end

    it "keeps sums that outgrow a word" do
      big = (2**62)
      expect(items({ group: { by: "k", sum: "n" } }, input: Array.new(4) { { "k" => 1, "n" => big } }))
        .to eq([{ "k" => 1, "sum_n" => 2**64 }])
    end

    it "passes each kind once" do
      expect(items({ distinct: true }, input: %w[a b a c b])).to match_array(%w[a b c])
      expect(items({ distinct: "k" }, input: rows, workers: 3).map { |row| row["k"] }).to match_array((0..6).map { |i| "k#{i}" })
    end

    it "sorts the first ones" do
      expect(items({ top: { n: 3, by: "n" } }, input: rows, workers: 3).map { |row| row["n"] }).to eq([999, 998, 997])
      expect(items({ top: { n: 2, by: "f", ascending: true } }, input: rows).map { |row| row["n"] }).to eq([0, 1])
      expect(items({ top: 2 }, input: %w[b c a])).to eq(%w[c b])
    end
  end

  describe "digest, compress, write" do
    it "gives the digests that Ruby gives" do
      require "digest"
      lines = ["", "a", "x" * 5_000]
      expect(items({ digest: :sha256 }, input: lines, ordered: true)).to eq(lines.map { |line| Digest::SHA256.hexdigest(line) })
      expect(items({ digest: { algorithm: :md5, as: "md5" } }, input: ["a"]))
        .to eq([{ "line" => "a", "md5" => Digest::MD5.hexdigest("a") }])
      expect(items({ digest: :xxh64 }, input: [""])).to eq(["ef46db3751d8e999"])
      expect { items({ digest: :none }, input: []) }.to raise_error(Minigun::NativeError, /no algorithm none/)
    end

    it "writes a file at once, packed or not" do
      lines = Array.new(5_000) { |i| "line #{i}" }
      chain({ write: "out.txt" }, ordered: true).run(lines)
      expect(File.readlines("out.txt", chomp: true)).to eq(lines)
      %i[gzip zstd].each do |format|
        chain({ compress: format }, { write: { path: "out.#{format}", fsync: true } }, workers: 3).run(lines)
        expect(items({ lines: "out.#{format}" })).to match_array(lines)
      end
      expect(Dir.children(".")).to match_array(%w[out.txt out.gzip out.zstd])
    end

    it "writes behind what an IO has in its buffer" do
      File.open("out.txt", "w") do |file|
        file.write("first\n")
        items({ write: { io: file } }, input: %w[a b], ordered: true)
      end

      expect(File.read("out.txt")).to eq("first\na\nb\n")
    end

    it "says which descriptor nobody reads from" do
      reader, writer = IO.pipe
      reader.close
      expect { chain({ write: { io: writer } }).run(%w[a b]) }
        .to raise_error(Minigun::NativeError, "write: descriptor #{writer.fileno}: write: #{Errno::EPIPE.new.message}")
    ensure
      writer&.close
    end

    it "leaves no file of a run that failed" do
      File.write("in.txt", "a\n" * 10)
      expect { chain({ lines: %w[in.txt none] }, { write: "out.txt" }).run }.to raise_error(Minigun::NativeError)
      expect(Dir.children(".")).to eq(["in.txt"])
    end

    it "unpacks records" do
      require "zlib"
      rejects = []
      result = items({ decompress: :gzip }, input: [Zlib.gzip("one\ntwo"), "none", Zlib.gzip("x" * 200_000)], ordered: true,
                     on_reject: rejects.method(:<<))
      expect(result).to eq(["one\ntwo", "x" * 200_000])
      expect(rejects.map(&:text)).to eq(["gzip: corrupt data"])
    end
  end

  describe "csv" do
    it "reads RFC 4180" do
      File.write("a.csv", "name,price,note\r\nnut,1.5,\r\nbolt,20,\"big, \"\"round\"\"\"\r\nbad\r\nx\"y,1,2\r\n")
      rejects = []
      rows = items({ lines: "a.csv" }, { csv: { select: %w[note name], where: { "price" => 1.. } } }, workers: 3, ordered: true,
                   on_reject: rejects.method(:<<))
      expect(rows).to eq([{ "note" => "", "name" => "nut" }, { "note" => 'big, "round"', "name" => "bolt" }])
      expect(rejects.map(&:message)).to contain_exactly("a.csv:4: 1 CSV fields, where the header has 3",
                                                        "a.csv:5: a quote within a CSV field without quotes")
    end

    it "agrees with Ruby's CSV, however many workers read" do
      require "csv"
      random = Random.new(5)
      table = Array.new(2_000) { |i| [i.to_s, %w[a,b "q" plain].sample(random: random), "x" * random.rand(40)] }
      File.write("b.csv", CSV.generate { |csv| [%w[i s x], *table].each { |row| csv << row } })
      expected = table.map { |row| %w[i s x].zip(row).to_h }
      [100, 1 << 18].each do |block|
        expect(items({ lines: { path: "b.csv", block: block } }, { csv: true }, workers: 3, ordered: true)).to eq(expected)
      end
      expect(items({ csv: { headers: %w[a b] } }, input: ["1,2"])).to eq([{ "a" => "1", "b" => "2" }])
      expect { items({ lines: "b.csv" }, { csv: "none" }) }.to raise_error(Minigun::NativeError, /no column none/)
    end
  end

  it "needs what it is given" do
    expect { chain }.to raise_error(ArgumentError, /needs a stage/)
    expect { chain({ nope: 1 }) }.to raise_error(ArgumentError, /no native stage nope; there are/)
    expect { chain({ grep: /x/ }).to_a }.to raise_error(ArgumentError, /needs input/)
    [0, -1, 1.5, "2", 2000].each do |workers|
      expect { chain({ grep: /x/ }, workers: workers) }.to raise_error(ArgumentError, /workers: takes an Integer from 1 to 1024, not/)
    end
    expect { chain({ grep: /x/ }, budget: -1) }.to raise_error(ArgumentError, /budget: takes a number of bytes, not -1/)
    expect { chain({ lines: "x" }).each([]).to_a }.to raise_error(ArgumentError, /takes no input/)
    expect { chain({ json: { selct: 1 } }).each([]).to_a }.to raise_error(ArgumentError, /unknown option selct:/)
    expect { chain({ grep: /x/ }, { lines: "x" }).each([]).to_a }.to raise_error(ArgumentError, /can only come first/)
  end

  it "counts what went through" do
    counting = chain({ grep: /1/ }, { pass: true }, workers: 2)
    counting.run(Array.new(100, &:to_s))
    expect(counting.counters.map { |stage| stage.values_at(:name, :consumed, :produced) }).to eq([[:grep, 100, 19], [:pass, 19, 19]])
  end

  it "ends with what its input raises, whoever reads" do
    broken = Enumerator.new do |items|
      1_000.times { |i| items << i.to_s }
      raise IOError, "no more"
    end
    [chain({ grep: /1/ }, workers: 2), chain({ group: true })].each do |failing|
      expect { failing.each(broken).to_a }.to raise_error(IOError, "no more")
      expect { failing.run(broken) }.to raise_error(IOError, "no more")
    end
  end

  it "stops at once when its reader has enough" do
    File.write("long.txt", "line\n" * 2_000_000)
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    expect(chain({ lines: "long.txt" }).first(3)).to eq(%w[line line line])
    expect(chain({ lines: "/dev/zero" }, { grep: /x/ }).each_entry.lazy.first(0)).to eq([])
    expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - start).to be < 5
  end

  it "can be interrupted while it waits" do
    reader, writer = IO.pipe
    endless = chain({ lines: reader })
    waiting = Thread.new { endless.to_a }
    wait_until { waiting.stop? }
    waiting.kill
    expect(waiting.join).to eq(waiting)
    writer.close
  end

  it "goes on behind an interrupt of what is fed, and loses nothing" do
    machine = chain({ pass: true }, workers: 1, ordered: true, budget: 10_000).machine(true).start
    fed = 0
    feeding = Thread.new do
      Thread.handle_interrupt(IOError => :on_blocking) { loop { machine.feed([(fed += 1).to_s]) } }
    rescue IOError
      :interrupted
    end
    wait_until { feeding.stop? }
    feeding.raise(IOError)
    expect(feeding.value).to eq(:interrupted)
    feeding = Thread.new { machine.feed(["last"]) || machine.finish }
    taken = []
    while (items = machine.take)
      taken.concat(items)
    end
    feeding.join

    expect(taken).to eq([*(1..fed).map(&:to_s), "last"])
  ensure
    machine.cancel
    machine.join
    machine.stop_reading
  end

  it "works on in a process that forks, and in its child", :forks_beside_threads do
    File.write("long.txt", "some line\n" * 300_000)
    running = chain({ lines: "long.txt" }, { digest: :sha256 }, { group: true })
    runner = Thread.new { running.to_a }
    statuses = Array.new(5) do
      pid = fork do
        exit!(items({ digest: :sha256 }, input: ["a"]).size == 1 ? 0 : 1)
      rescue StandardError
        exit!(2)
      end
      Process.wait2(pid).last.exitstatus
    end
    expect(statuses).to eq([0] * 5)
    expect(runner.value).to eq([{ "count" => 300_000 }])
  end

  it "belongs to the process that made it", :forks_beside_threads do
    machine = chain({ pass: true }, workers: 1).machine(true).start
    pid = fork do
      machine.feed(["a"])
    rescue Minigun::ForkedError
      exit!(7)
    end

    expect(Process.wait2(pid).last.exitstatus).to eq(7)
    expect { machine.start }.to raise_error(ArgumentError, "a native chain runs once")
  ensure
    2.times { machine.cancel || machine.join }
  end

  it "ends and lets go of all when nobody holds it any more" do
    skip "counts threads in /proc" unless File.directory?("/proc/self/task")
    counts = -> { %w[task fd].map { |what| Dir.children("/proc/self/#{what}").size } }
    before = counts.call
    machines = Array.new(8) { chain({ pass: true }, workers: 2).machine(true).start }
    most = counts.call
    machines.clear
    wait_until { GC.start || counts.call.zip(most).all? { |now, peak| now < peak } }

    expect(most.zip(before)).to all(satisfy { |peak, first| peak > first })
  end

  it "keeps what it holds through GC and compaction", limit: 300 do
    rows = Array.new(5) { |i| { "k" => "key#{i}", "v" => i } }
    machine = chain({ pass: true }, workers: 1, symbols: true).machine(true).start
    result = stressed { machine.feed(rows) } || stressed { machine.take }
    GC.compact if GC.respond_to?(:compact)
    expect(result).to eq(rows.map { |row| row.transform_keys(&:to_sym) })
  ensure
    machine.cancel
    machine.join
  end

  def stressed
    GC.stress = true
    yield
  ensure
    GC.stress = false
  end
end
