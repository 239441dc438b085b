# frozen_string_literal: true

require "fileutils"
require "sqlite3"

# The index in SQLite. Each batch is one transaction, so an interrupted run leaves whole batches.
class Database
  SCHEMA = <<~SQL
    CREATE TABLE IF NOT EXISTS files (
      path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, lines INTEGER NOT NULL, methods INTEGER NOT NULL,
      classes INTEGER NOT NULL, sha256 TEXT NOT NULL, problem TEXT, indexed_at TEXT NOT NULL
    )
  SQL
  UPSERT = <<~SQL
    INSERT INTO files (path, bytes, lines, methods, classes, sha256, problem, indexed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (path) DO UPDATE SET
      bytes = excluded.bytes, lines = excluded.lines, methods = excluded.methods, classes = excluded.classes,
      sha256 = excluded.sha256, problem = excluded.problem, indexed_at = excluded.indexed_at
  SQL

  # Makes the file and its table; whatever is wrong with the path shows before a run starts.
  def self.prepare(path)
    FileUtils.mkdir_p(File.dirname(path))
    open(path) { |database| database.create }
  end

  def self.open(path)
    database = new(path)
    yield database
  ensure
    database&.close
  end

  def initialize(path, run_started = Time.now)
    @indexed_at = run_started.utc.strftime("%FT%T.%6NZ")
    @connection = SQLite3::Database.new(path)
    @connection.busy_timeout = 5000
    @connection.execute("PRAGMA synchronous = NORMAL")
  end

  def create = @connection.execute(SCHEMA)

  # Writes the rows; returns how many were added, updated and found unchanged.
  def store(rows)
    changes = Hash.new(0)
    @connection.transaction do
      rows.each do |row|
        changes[change(row)] += 1
        upsert.execute(text(row.path), *row.to_a[1..5], row.problem && text(row.problem), @indexed_at)
      end
    end
    changes
  end

  # Forgets the files of these folders that this run did not see; returns their number.
  def forget_missing(folders)
    folders.sum do |folder|
      @connection.execute("DELETE FROM files WHERE substr(path, 1, ?) = ? AND indexed_at < ?",
                          [folder.size + 1, "#{folder}/", @indexed_at])
      @connection.changes
    end
  end

  # Files, lines, methods and classes in the whole database.
  def totals
    @connection.get_first_row("SELECT count(*), sum(lines), sum(methods), sum(classes) FROM files").map(&:to_i)
  end

  def largest(count)
    @connection.execute("SELECT path, bytes, lines, methods FROM files ORDER BY bytes DESC, path LIMIT ?", [count])
  end

  def close
    [@upsert, @sha256].compact.each(&:close)
    @connection.close
  end

  private

  def upsert = @upsert ||= @connection.prepare(UPSERT)

  def change(row)
    @sha256 ||= @connection.prepare("SELECT sha256 FROM files WHERE path = ?")
    known = @sha256.execute(text(row.path)).next
    return :added unless known

    known.first == row.sha256 ? :unchanged : :updated
  end

  # SQLite holds text as UTF-8, a path may be any bytes.
  def text(string) = string.dup.force_encoding(Encoding::UTF_8).scrub
end
