# frozen_string_literal: true

require "yaml"

# Why lines are not run, or not in all the ways that they branch, by rules in a file:
#
#   - why: There is always memory to be had
#     where: { "ext/minigun/*.c": ["== NULL\\) return MG_NOMEM"] }
#
# A rule holds for lines of these files that one of the patterns fits. One that fits no line any more is
# a fault itself.
class CoverageReasons
  FILE = "spec/support/coverage/reasons.yml"

  # @param root [String] of the sources
  def initialize(root, rules = YAML.safe_load_file(File.join(root, FILE)))
    @root = root
    @rules = rules.flat_map do |rule|
      rule.fetch("where").flat_map { |glob, texts| Array(texts).map { |text| [rule.fetch("why"), glob, Regexp.new(text)] } }
    end
    @sources = Hash.new { |all, path| all[path] = File.readlines(File.join(root, path), chomp: true) }
  end

  # @return [String, nil] why this line isn't run as a whole
  def of(path, number)
    text = @sources[path][number - 1].to_s
    @rules.find { |_, glob, pattern| File.fnmatch(glob, path, File::FNM_PATHNAME | File::FNM_EXTGLOB) && pattern.match?(text) }&.first
  end

  # @param files [Array<CoverageReport::Covered>]
  # @param what [Symbol] :missed, or :unrun for the lines that were not run at all
  # @return [Array<String>] the lines that no rule explains
  def unexplained(files, what)
    files.flat_map do |file|
      file.public_send(what).reject { |number| of(file.path, number) }
          .map { |number| "#{file.path}:#{number}: #{@sources[file.path][number - 1].strip}" }
    end
  end

  # @return [Array<String>] rules for what is not there
  def stale
    @rules.reject { |_, glob, pattern| Dir[File.join(@root, glob)].any? { |path| File.foreach(path).any?(pattern) } }
          .map { |why, glob, pattern| "#{why}: no line of #{glob} fits #{pattern.inspect}" }
  end
end
