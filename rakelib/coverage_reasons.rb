# frozen_string_literal: true

require "yaml"

# Why lines are not run, or not in all the ways that they branch, by rules in a file:
#
#   - why: There is always memory to be had
#     where: { "ext/minigun/*.c": ["== NULL\\) return MG_NOMEM"] }
#
# A rule holds for lines of these files that one of the patterns fits; a pattern with \n in it has to fit a line
# together with the one before it. One that fits no line any more is a fault itself.
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
    @rules.find do |_, glob, pattern|
      File.fnmatch(glob, path, File::FNM_PATHNAME | File::FNM_EXTGLOB) && fits?(pattern, path, number)
    end&.first
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
    @rules.reject { |_, glob, pattern| Dir[glob, base: @root].any? { |path| fits_any?(pattern, path) } }
          .map { |why, glob, pattern| "#{why}: no line of #{glob} fits #{pattern.inspect}" }
  end

  private

  def fits?(pattern, path, number)
    before, line = (number < 2 ? "" : @sources[path][number - 2].to_s), @sources[path][number - 1].to_s
    return pattern.match?(line) unless pattern.source.include?('\n')

    found = pattern.match("#{before}\n#{line}")
    !found.nil? && found.end(0) > before.size
  end

  def fits_any?(pattern, path) = (1..@sources[path].size).any? { |number| fits?(pattern, path, number) }
end
