# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require "tmpdir"

# Runs the suite of another checkout - its spec and examples - against the lib of this one.
class CompatSuite
  OURS = File.expand_path("../lib", __dir__)
  THEIRS = %w[spec examples .rspec].freeze
  CLOSING_LINE = /\A\d+ examples?, \d+ failures?/

  def initialize(checkout, output: $stdout)
    @checkout = File.expand_path(checkout)
    @output = output
    raise ArgumentError, "#{@checkout} has no folder spec: name a checkout of the original gem" unless
      File.directory?(File.join(@checkout, "spec"))
  end

  # Passes the suite's output on; returns its closing line (nil if it never got there) and exit status.
  def run
    Dir.mktmpdir("minigun-compat") do |folder|
      lay_out(folder)
      closing = nil
      IO.popen(command, chdir: folder, err: %i[child out]) do |suite|
        suite.each_line do |line|
          @output.print line
          closing = line.chomp if line.match?(CLOSING_LINE)
        end
      end
      [closing, $?.exitstatus || (128 + $?.termsig)]
    end
  end

  private

  def lay_out(folder)
    THEIRS.map { |name| File.join(@checkout, name) }.select { |path| File.exist?(path) }
          .each { |path| FileUtils.cp_r(path, folder) }
    FileUtils.cp_r(OURS, folder)
  end

  def command = [{ "SPEC_OPTS" => nil }, RbConfig.ruby, "-Ilib", "-S", "rspec", "--no-color"]
end
