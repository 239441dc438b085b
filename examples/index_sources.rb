# frozen_string_literal: true

# Indexes every Ruby source file of this machine's own Ruby - standard library, vendored libraries and
# installed gems - into an SQLite database: lines, methods, classes and SHA-256 of each file.
#
#   ruby -Ilib examples/index_sources.rb [--in FOLDER]... [--limit FILES] [DATABASE]
#
# A second run updates the same database. Ctrl-C ends the run; what was written by then is whole.
require "etc"
require "optparse"
require "minigun"
require_relative "index_sources/analysis"
require_relative "index_sources/database"
require_relative "index_sources/folders"
require_relative "index_sources/screen"

# The pipeline: find, read, analyse in processes, pack, write.
class SourceIndex
  include Minigun::DSL

  BATCH = 50
  WORKERS = { analyse: Etc.nprocessors }.freeze
  default_queue_size 200 # so that little is under way when somebody presses Ctrl-C

  attr_reader :tally, :problems

  def initialize(folders, database_path, screen, limit: nil)
    @folders = folders
    @database_path = database_path
    @screen = screen
    @limit = limit
    @tally = Hash.new(0)
    @problems = []
    @written = 0
  end

  before_run { @started = Time.now }

  pipeline do
    producer(:find) do |output|
      paths = Folders.sources_in(@folders)
      paths = paths.first(@limit) if @limit
      @screen.expect(@expected = paths.size)
      paths.each { |path| output << path }
    end

    processor(:read) do |path, output|
      output << Analysis.read(path)
    end

    # Parsing is work for the processor, and Ruby's threads share one: so, processes.
    ipc_fork(WORKERS[:analyse]) do
      processor(:analyse) { |file, output| output << Analysis.of(file) }
    end

    accumulator(:pack, max_size: BATCH)

    # One connection, one writer: the engine must not add workers, however long the disk takes.
    consumer(:write, threads: 1) do |rows|
      @database ||= Database.new(@database_path, @started)
      @database.store(rows).each { |change, count| @tally[change] += count }
      @problems.concat(rows.filter_map { |row| [row.path, row.problem] if row.problem })
      @screen.advance(rows.size)
      @written += rows.size
    end
  end

  # Files that are gone leave the database, but only when all there are were looked at.
  after_run do
    @tally[:removed] = @database.forget_missing(@folders) if @database && !@limit && @written == @expected
  end

  def close
    @database&.close
    @database = nil
  end
end

limit = nil
folders = []
options = OptionParser.new do |parser|
  parser.banner = "Usage: ruby -Ilib examples/index_sources.rb [options] [DATABASE]"
  parser.on("--in FOLDER", "index this folder instead of Ruby's own; may be repeated") { |folder| folders << folder }
  parser.on("--limit FILES", Integer, "stop after so many files") { |count| limit = count }
end
begin
  options.parse!
  raise OptionParser::InvalidArgument, "--limit must be positive" if limit && limit < 1
  missing = folders.reject { |folder| File.directory?(folder) }
  raise OptionParser::InvalidArgument, "there is no folder #{missing.join(", ")}" if missing.any?
  raise OptionParser::NeedlessArgument, ARGV[1..].join(" ") if ARGV.size > 1
rescue OptionParser::ParseError => e
  abort "#{e.message}\n#{options}"
end
folders = folders.empty? ? Folders.of_ruby : Folders.real(folders)
database_path = ARGV.first || File.expand_path("../tmp/sources.sqlite3", __dir__)

screen = Screen.new
index = SourceIndex.new(folders, database_path, screen, limit: limit)
begin
  Database.prepare(database_path)
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  index.run
rescue SQLite3::Exception, SystemCallError => e
  abort "#{database_path}: #{e.message}"
rescue Interrupt, SignalException => e
  interrupted = e
ensure
  index.close
end

screen.finish
seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
Database.open(database_path) do |database|
  screen.report(index, database, index._minigun_task.root_pipeline.stats, seconds)
end
if interrupted
  puts "interrupted: the database holds what was written until then"
  exit 128 + interrupted.signo
end
