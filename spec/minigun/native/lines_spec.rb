# frozen_string_literal: true

require "spec_helper"
require "open3"
require "stringio"
require "tmpdir"
require "zlib"

RSpec.describe "the native stage lines" do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  def chain(options, *more, **settings) = Minigun::Native::Chain.new({ lines: options }, *more, ordered: true, **settings)

  def lines(options, **settings) = chain(options, **settings).to_a

  def chomped(path) = File.foreach(path, chomp: true).to_a

  def zstd(text) = Open3.capture2("zstd", "-qc", stdin_data: text, binmode: true).first

  # Texts of everything that begins and ends lines, and of nothing.
  let(:texts) do
    random = Random.new(7)
    pieces = ["\n", "\r\n", "\r", "", "a", "caf\u00e9", "x" * 70, "\0", "\xff".b, " "]
    Array.new(60) { Array.new(random.rand(40)) { pieces.sample(random: random).b }.join } + ["", "\n", "\r\n", "a", "a\r", "\n\n"]
  end

  it "takes lines as Ruby does, whatever their ends" do
    texts.each do |text|
      File.binwrite("text", text)
      [1, 2, 5, 1 << 16].each do |block|
        expect(lines({ path: "text", block: block }, workers: 2).map(&:b)).to eq(chomped("text").map(&:b))
      end
    end
  end

  it "takes the same from packed files and pipes" do
    texts.first(20).each do |text|
      File.binwrite("text", text)
      File.binwrite("text.gz", Zlib.gzip(text[0, text.size / 2]) + Zlib.gzip(text[(text.size / 2)..]))
      reader, writer = IO.pipe
      writer.binmode.write(text)
      writer.close
      expect(lines({ path: "text.gz", block: 3 }).map(&:b)).to eq(chomped("text").map(&:b))
      expect(lines({ io: reader, block: 3 }).map(&:b)).to eq(chomped("text").map(&:b))
    end
  end

  it "takes several packed files, in their order if asked" do
    texts = %w[a b c d].to_h { |name| ["#{name}.gz", Array.new(3_000) { |i| %({"f":"#{name}","n":#{i}}\n) }] }
    texts["b.gz"][1_234] = "bad\n"
    texts.each { |name, lines| File.binwrite(name, Zlib.gzip(lines.join)) }
    rejects = []
    settings = { block: 1_000, glob: "*.gz" }
    unordered = Minigun::Native::Chain.new({ lines: settings }, { json: %w[f n] }, workers: 3, on_reject: rejects.method(:<<)).to_a

    expect(lines(settings, workers: 3)).to eq(texts.values.flatten.map(&:chomp))
    expect(rejects.map(&:place)).to eq(["b.gz:1235"])
    expect(unordered.map { |row| row.values_at("f", "n") }).to match_array(
      texts.flat_map { |name, lines| (0...lines.size).map { |i| [name[0], i] } } - [["b", 1_234]]
    )
    File.binwrite("c.gz", "#{Zlib.gzip("x\n" * 9_000)}garbage")
    expect { Minigun::Native::Chain.new({ lines: settings }, workers: 3).to_a }.to raise_error(Minigun::NativeError, /c.gz: gzip: incorrect header/)
  end

  it "knows the columns of each of several CSV files" do
    File.write("a.csv", "k,v\n#{"a,1\n" * 2_000}")
    File.write("b.csv", "v,k\n#{"2,b\n" * 2_000}")
    File.write("c.csv", "k,x,v\n#{"c,0,3\n" * 2_000}")
    rows = Minigun::Native::Chain.new({ lines: { glob: "*.csv", block: 500 } }, { csv: %w[k v] }, workers: 3).to_a

    expect(rows.tally).to eq({ "k" => "a", "v" => "1" } => 2_000, { "k" => "b", "v" => "2" } => 2_000, { "k" => "c", "v" => "3" } => 2_000)
  end

  it "takes frames of zstd one after the other" do
    skip "zstd is not installed" unless system("which zstd", out: File::NULL)
    File.binwrite("two.zst", zstd("one\ntw") + zstd("o\nthree"))
    expect(lines("two.zst")).to eq(%w[one two three])
    File.binwrite("half.zst", zstd("one\n" * 1000)[0..-6])
    expect { lines("half.zst") }.to raise_error(Minigun::NativeError, "lines: half.zst: zstd: the input ends in the middle")
  end

  it "says what is wrong with a packed file" do
    whole = Zlib.gzip("line\n" * 10_000)
    File.binwrite("half.gz", whole[0, whole.size / 2])
    File.binwrite("padded.gz", whole + ("\0" * 512))
    File.binwrite("garbage.gz", "#{whole}garbage")
    expect { lines("half.gz") }.to raise_error(Minigun::NativeError, "lines: half.gz: gzip: the input ends in the middle")
    expect { lines("garbage.gz") }.to raise_error(Minigun::NativeError, /garbage.gz: gzip: incorrect header check/)
    expect(lines("padded.gz").size).to eq(10_000)
    expect { lines({ path: "half.gz", format: :zstd }) }.to raise_error(Minigun::NativeError, /half.gz: zstd:/)
    expect { lines({ path: "half.gz", format: :lzma }) }.to raise_error(Minigun::NativeError, /format must be auto, plain, gzip or zstd, not lzma/)
  end

  it "reads an IO from where it stands" do
    File.write("text", "one\ntwo\nthree\n")
    File.open("text") do |io|
      io.gets
      expect(lines(io)).to eq(%w[two three])
    end
    File.open("text") do |io|
      io.read(5)
      expect(lines({ io: io, block: 2 })).to eq(%w[wo three])
    end
  end

  it "refuses what has no descriptor, or has been read ahead" do
    reader, writer = IO.pipe
    writer.write("one\ntwo\n")
    reader.gets
    { StringIO.new("x") => "StringIO is no path and has no descriptor: read it in Ruby, in a producer",
      Zlib::GzipReader.new(StringIO.new(Zlib.gzip("x"))) => "GzipReader is no path",
      nil => "needs a path:", 5 => "Integer is no path",
      File.open(__FILE__).tap(&:close) => "the File is closed", reader => "read ahead" }.each do |object, message|
      expect { lines(object) }.to raise_error(ArgumentError, /native stage lines: .*#{message}/)
    end
  end

  it "reads files that have no size until they are read" do
    skip "there is no /proc" unless File.exist?("/proc/self/limits")
    expect(lines("/proc/self/limits").size).to eq(File.foreach("/proc/self/limits").count)
  end

  it "passes over folders that a glob names" do
    Dir.mkdir("b.log")
    File.write("a.log", "a\n")
    File.write("c.log", "c\n")
    expect(lines({ glob: "*.log" })).to eq(%w[a c])
    expect(Minigun.logger).to receive(:warn) { |&text| expect(text.call).to eq("native stage lines: no file matches *.gz") }
    expect(lines({ glob: ["*.gz", "a*"] })).to eq(%w[a])
  end

  it "names the file that can't be read, and closes what it opened" do
    File.write("secret", "x")
    File.symlink("nowhere", "link")
    before = Dir.children("/proc/self/fd").size if File.exist?("/proc/self/fd")
    expect { lines(["secret", "."]) }.to raise_error(Minigun::NativeError, "lines: .: Is a directory")
    expect { lines("link") }.to raise_error(Minigun::NativeError, "lines: link: No such file or directory")
    expect(Dir.children("/proc/self/fd").size).to eq(before) if before
  end

  it "tells the line of a bad record in any kind of input" do
    text = Array.new(500) { |i| i % 100 == 42 ? "bad\r\n" : "{\"n\":#{i}}\r\n" }.join
    File.write("text", text)
    File.binwrite("text.gz", Zlib.gzip(text))
    reader, writer = IO.pipe
    Thread.new { writer.write(text) && writer.close }
    ["text", "text.gz", reader].each do |source|
      rejects = []
      chain({ (source.is_a?(IO) ? :io : :path) => source, :block => 128 }, { json: "n" }, workers: 3, on_reject: rejects.method(:<<)).to_a
      expect(rejects.map(&:line)).to contain_exactly(43, 143, 243, 343, 443)
      expect(rejects.map { |reject| text.byteslice(reject.offset, 3) }.uniq).to eq(["bad"])
    end
  end

  it "cuts a line that is longer than max_line off the run, not off the text" do
    File.write("long", "#{"x" * 5_000_000}\nshort\n")
    expect(lines("long").map(&:size)).to eq([5_000_000, 5])
    expect { lines({ path: "long", max_line: 1000 }) }
      .to raise_error(Minigun::NativeError, "lines: long: the line at byte 0 is longer than max_line (1000)")
  end
end
