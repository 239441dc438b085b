# frozen_string_literal: true

require "fileutils"
require "open3"

# Programs that do the work of native stages without minigun. What is missing is left out, with a line
# that says what would bring it.
module Opponents
  FOLDER = File.expand_path("../../tmp/bench", __dir__)

  module_function

  # The log that everybody reads; MINIGUN_LOG names another, MINIGUN_LOG_SIZE its size.
  def log
    @log ||= ENV.fetch("MINIGUN_LOG") do
      size = ENV.fetch("MINIGUN_LOG_SIZE", "500M")
      path = File.join(FOLDER, "access-#{size}.ndjson")
      run(RbConfig.ruby, File.expand_path("../../bin/make_log", __dir__), "--size", size, "--out", path) unless File.exist?(path)
      path
    end
  end

  # Lines of the log; brings it into the page cache, too.
  def lines = @lines ||= File.foreach(log).count

  # @return [String, nil] the program, compiled
  def compiled(source, *flags)
    program = File.join(FOLDER, File.basename(source, ".*"))
    source = File.join(__dir__, source)
    return program if File.exist?(program) && File.mtime(program) > File.mtime(source)

    FileUtils.mkdir_p(FOLDER)
    compiler = source.end_with?(".cpp") ? "g++" : "cc"
    output, status = Open3.capture2e(compiler, "-O3", "-march=native", source, "-o", program, *flags)
    return program if status.success?

    missing(File.basename(program), output[/fatal error: .*/] || "it does not compile")
  rescue Errno::ENOENT => e
    missing(File.basename(program), e.message)
  end

  def tbb
    compiled("tbb_simdjson.cpp", "-std=c++20", "-lsimdjson", "-ltbb") || missing("oneTBB + simdjson", "apt-get install libtbb-dev libsimdjson-dev g++")
  end

  def sha256 = compiled("sha256.c", "-lcrypto")

  # @return [Array<String>, nil] the command up to the file's name
  def duckdb
    folder = [ENV.fetch("DUCKDB", nil), FOLDER].compact.find { |path| File.exist?("#{path}/node_modules/@duckdb/node-api") }
    return ["node", File.join(__dir__, "duckdb.mjs"), folder] if folder && installed?("node")

    missing("DuckDB", "npm install --prefix #{FOLDER} @duckdb/node-api")
  end

  def installed?(program)
    system("which", program, out: File::NULL, err: File::NULL) || missing(program, "apt-get install #{program}")
  end

  # @return [Array<Integer>] the numbers that a program prints
  def numbers(*command) = run(*command).split.map { |word| word.to_f.to_i }

  def run(*command)
    output, status = Open3.capture2(*command)
    raise "#{command.first}: failed" unless status.success?

    output
  end

  # @return [nil]
  def missing(name, reason)
    warn "#{name}: left out: #{reason}"
    nil
  end
end
