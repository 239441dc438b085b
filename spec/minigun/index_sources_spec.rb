# frozen_string_literal: true

require "digest"
require "open3"
require "rbconfig"
require "tmpdir"

begin
  require "sqlite3"
rescue LoadError
  warn "the demo's specs need the sqlite3 gem: bin/setup, then bundle exec rspec"
end

RSpec.describe "examples/index_sources.rb", limit: 90, if: defined?(SQLite3) do
  around { |example| Dir.mktmpdir { |folder| example.call(@folder = File.realpath(folder)) } }

  attr_reader :folder

  def sources = File.join(folder, "sources")
  def database = File.join(folder, "index.sqlite3")

  def write(name, content)
    path = File.join(sources, name)
    FileUtils.mkdir_p(File.dirname(path))
    File.binwrite(path, content)
    path
  end

  def command(*arguments)
    root = File.expand_path("../..", __dir__)
    [RbConfig.ruby, "-I#{root}/lib", "#{root}/examples/index_sources.rb", *arguments, database]
  end

  def index(*arguments) = Open3.capture2e(*command("--in", sources, *arguments))

  def rows(columns)
    connection = SQLite3::Database.new(database)
    connection.execute("SELECT #{columns} FROM files ORDER BY path")
  ensure
    connection&.close
  end

  # Signal 0 only asks whether the group has a process.
  def group_alive?(group)
    Process.kill(0, -group)
    true
  rescue Errno::ESRCH
    false
  end

  it "counts lines, methods and classes as Ruby's parser sees them" do
    text = "class A\n  def b = 1\n  def self.c; end\nend\nmodule D; end\n# def no\n\"def no\"\n"
    path = write("a.rb", text)

    output, status = index

    expect(status).to be_success, output
    expect(rows("path, bytes, lines, methods, classes, sha256, problem"))
      .to eq([[path, text.bytesize, 7, 2, 2, Digest::SHA256.hexdigest(text), nil]])
    expect(output).to match(/\| files +\| +1 \|/).and match(/\| lines +\| +7 \|/).and match(/\| methods +\| +2 \|/)
    expect(output).to match(/^bottleneck: \w+$/)
    %w[find read analyse pack write].each { |stage| expect(output).to match(/\| #{stage} +\|/) }
  end

  it "counts and names files that can't be read, decoded or parsed" do
    undecodable = write("latin.rb", "x = '\xE9'\n".b)
    strange = write("strange.rb", "# coding: klingon\n")
    broken = write("broken.rb", "class A\n")
    missing = File.join(sources, "missing.rb")
    File.symlink("/nonexistent", missing)
    write("legacy.rb", "# coding: iso-8859-1\nx = '\xE9'\n".b)

    output, status = index

    expect(status).to be_success, output
    expect(output).to include("4 files with problems").and include("#{undecodable}: undecodable: not valid UTF-8")
    expect(output).to include("#{strange}: undecodable: unknown encoding klingon")
    expect(output).to include("#{broken}: does not parse").and include("#{missing}: unreadable: No such file")
    expect(rows("problem").flatten.compact.size).to eq(4)
  end

  it "updates the same database in a second run" do
    write("same.rb", "def a; end\n")
    changed = write("changed.rb", "def a; end\n")
    gone = write("gone.rb", "def a; end\n")
    index
    File.write(changed, "def a; end\ndef b; end\n")
    File.delete(gone)
    write("new.rb", "")

    output, status = index

    expect(status).to be_success, output
    expect(output).to include("1 added, 1 updated, 1 unchanged, 1 removed")
    expect(rows("methods").flatten).to eq([2, 0, 1])
  end

  it "leaves the rest alone when only a part was looked at" do
    3.times { |number| write("#{number}.rb", "") }
    index

    output, status = index("--limit", "1")

    expect(status).to be_success, output
    expect(rows("path").size).to eq(3)
  end

  it "refuses what it can't use" do
    write("a.rb", "")
    expect(index("--limit", "0").last).not_to be_success
    output, status = index("--in", "#{sources}/nowhere")
    expect([output, status.success?]).to match([/there is no folder .*nowhere/, false])
    output, status = Open3.capture2e(*command("--in", sources)[0..-2], folder)
    expect(status).not_to be_success
    expect(output).to include(folder).and match(/unable to open|directory/)
  end

  it "ends soon after an interrupt, with whole batches and no process left" do
    4000.times { |number| write("#{number / 100}/#{number}.rb", "class A#{number}\n#{"  def a; end\n" * 300}end\n") }
    input, output, process = Open3.popen2e(*command("--in", sources), pgroup: true)
    input.close
    output.each_line.find { |line| line.match?(/ of 4000 files/) }
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    Process.kill(:INT, -process.pid) # as a terminal does it
    rest = output.read
    status = process.value

    expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - started).to be < 5, rest
    expect(status.exitstatus).to eq(130), rest
    expect(rest).to include("interrupted: the database holds what was written until then")
    wait_until("its processes to end", within: 1) { !group_alive?(process.pid) }
    expect(rows("path").size).to be_between(1, 3999)
    expect(SQLite3::Database.new(database).get_first_value("PRAGMA integrity_check")).to eq("ok")
  ensure
    output&.close
  end
end
