# frozen_string_literal: true

require "json"
require "open3"

# Coverage by branch, of C from gcov and of Ruby from Coverage.
module CoverageReport
  # What of a file's branches was taken: { [line, number] => taken }.
  Covered = Struct.new(:path, :lines, :branches) do
    def line_share = share(lines)
    def branch_share = share(branches)

    # @return [Array<Integer>] lines that were not run
    def unrun = lines.reject { |_, taken| taken }.keys.sort
    # @return [Array<Integer>] lines that were not run, or not in all the ways that they branch
    def missed = (branches.reject { |_, taken| taken }.keys.map(&:first) + unrun).uniq.sort

    private

    def share(all) = all.empty? ? 100.0 : 100.0 * all.count { |_, taken| taken } / all.size
  end

  module_function

  # @param folder [String] with .gcda files in it, or below
  # @param root [String] of the sources
  # @return [Hash{String => Covered}] by path from the root
  def of_c(folder, root)
    files = {}
    Dir[File.join(folder, "**/*.gcda")].each do |path|
      output, status = Open3.capture2(ENV.fetch("GCOV", "gcov"), "--json-format", "--branch-probabilities", "--stdout",
                                      path, chdir: File.dirname(path), err: File::NULL)
      next unless status.success?

      output.each_line { |line| add_c(files, JSON.parse(line), File.dirname(path), root) }
    end
    files
  end

  def add_c(files, report, folder, root)
    base = report["current_working_directory"] || folder
    report["files"].each do |file|
      path = File.expand_path(file["file"], base)
      next unless path.start_with?("#{root}/ext/") && path.end_with?(".c", ".cpp")

      name = path.delete_prefix("#{root}/")
      covered = files[name] ||= Covered.new(name, {}, {})
      file["lines"].each { |line| add_line(covered, line) }
    end
  end

  def add_line(covered, line)
    number = line["line_number"]
    covered.lines[number] ||= line["count"].positive?
    line["branches"].each_with_index do |branch, index|
      covered.branches[[number, index]] ||= branch["count"].positive?
    end
  end

  # @param dumps [Array<String>] of CoverageOfProcess
  # @param root [String]
  # @return [Hash{String => Covered}]
  def of_ruby(dumps, root)
    dumps.each_with_object({}) do |dump, files|
      Marshal.load(File.binread(dump)).each do |path, found|
        next unless path.start_with?("#{root}/lib/")

        name = path.delete_prefix("#{root}/")
        covered = files[name] ||= Covered.new(name, {}, {})
        found[:lines].each_with_index { |count, index| covered.lines[index + 1] ||= count.positive? if count }
        found[:branches].each do |(kind, _, *place), ways|
          ways.each { |(way, _, *spot), count| covered.branches[[place[0], kind, place, way, spot]] ||= count.positive? }
        end
      end
    end
  end

  # One more set of files, as if they had been measured together.
  def merge(one, other)
    one.merge(other) do |_, left, right|
      Covered.new(left.path, *%i[lines branches].map { |what| left[what].merge(right[what]) { |_, a, b| a || b } })
    end
  end

  def total(files, what)
    all = files.flat_map { |file| file[what].values }
    all.empty? ? 100.0 : 100.0 * all.count(&:itself) / all.size
  end

  # Prints a table and says which floors were missed.
  # @param groups [Array<Array(String, Array<Covered>, Float, Float)>] name, files, floors of lines and branches
  # @return [Array<String>]
  def print(groups, missed_file)
    File.write(missed_file, groups.flat_map { |_, files, *| files.sort_by(&:path).map { |file| "#{file.path}: #{file.missed.join(" ")}" } }.join("\n"))
    puts format("%-58s %8s %8s", "", "lines", "branches")
    groups.flat_map do |name, files, *floors|
      files.sort_by(&:branch_share).each { |file| puts format("  %-56s %7.1f%% %7.1f%%", file.path, file.line_share, file.branch_share) }
      shares = %i[lines branches].map { |what| total(files, what) }
      puts format("%-58s %7.1f%% %7.1f%%", "#{name}, floors #{floors.join(" and ")}", *shares)
      %w[lines branches].zip(shares, floors).filter_map { |what, share, floor| "#{name}: #{share.round(1)} % of #{what} are under #{floor} %" if share < floor }
    end
  end
end
