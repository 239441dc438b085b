# frozen_string_literal: true

require "etc"
require "fileutils"
require "open3"
require "rbconfig"

# A copy of this checkout under tmp with extensions of its own, compiled with other flags, in which the
# specs run without Bundler's paths, which lead to the extensions of the checkout itself.
class Instrumented
  ROOT = File.expand_path("..", __dir__)

  attr_reader :folder, :reports

  # @param name [String] of the folder
  # @param flags [Array<String>] for compiling and linking
  # @param sources [Array<String>] C files to compile into each extension
  def initialize(name, flags, sources: [])
    @flags = flags
    @sources = sources
    @folder = File.join(ROOT, "tmp", "instrumented", name)
    @reports = File.join(@folder, "reports")
  end

  # Copies and compiles, what hasn't changed only once.
  # @return [self]
  def build
    FileUtils.mkdir_p(reports)
    FileUtils.rm_rf(Dir[File.join(reports, "*")])
    update
    @sources.product(%w[minigun stages]) { |source, extension| FileUtils.cp(File.join(ROOT, source), File.join(folder, "ext", extension)) }
    %w[minigun stages].each { |extension| compile(extension) }
    self
  end

  # Runs the specs, or these of them.
  # @return [Boolean] whether all passed
  def rspec(*arguments, env: {}, launcher: [])
    run({ "SPEC_TIME_LIMIT" => "120" }.merge(env), *launcher, RbConfig.ruby, "-Ilib", "-S", "rspec", "--no-color", *arguments)
  end

  # Runs a command in the folder.
  # @return [Boolean]
  def run(env, *command)
    Bundler.with_unbundled_env { system(gems.merge(env), *command, chdir: folder) }
  end

  # What the sanitizer's library is called by.
  def self.library(name)
    path, = Open3.capture2(ENV.fetch("CC", "cc"), "-print-file-name=#{name}")
    path.strip if File.absolute_path?(path.strip)
  end

  private

  def gems
    home = Bundler.bundle_path.to_s
    { "GEM_HOME" => home, "GEM_PATH" => [home, *Gem.path].uniq.join(File::PATH_SEPARATOR), "BUNDLE_GEMFILE" => nil }
  end

  # Copies what could be committed and is not there yet, and takes away what is no more.
  def update
    paths = IO.popen(%w[git ls-files -z --cached --others --exclude-standard], chdir: ROOT, &:read).split("\0")
    paths = paths.select { |path| File.file?(File.join(ROOT, path)) }
    paths.each do |path|
      source, target = File.join(ROOT, path), File.join(folder, path)
      next if File.exist?(target) && FileUtils.identical?(source, target)

      FileUtils.mkdir_p(File.dirname(target))
      FileUtils.cp(source, target)
    end
    there = Dir.glob("{lib,ext,spec,examples}/**/*.{rb,c,h,cpp}", base: folder)
    FileUtils.rm_f((there - paths).map { |path| File.join(folder, path) })
  end

  def compile(extension)
    place = File.join(folder, "build", extension)
    FileUtils.mkdir_p(place)
    sources = [*@flags, *Dir[File.join(folder, "ext/**/*.{c,cpp}")].sort].join("\n")
    listed = File.join(place, "sources")
    unless File.exist?(listed) && File.read(listed) == sources
      FileUtils.rm_f(Dir[File.join(place, "*.o")])
      step(place, RbConfig.ruby, File.join(folder, "ext", extension, "extconf.rb"))
      File.write(listed, sources)
    end
    # Behind all other flags, for the compiler and the linker.
    step(place, "make", "-j#{Etc.nprocessors}", "ARCH_FLAG=#{@flags.join(" ")} -g -fno-omit-frame-pointer")
    FileUtils.cp(File.join(place, "#{extension}.so"), File.join(folder, "lib/minigun"))
  end

  def step(place, *command)
    output, status = Open3.capture2e(*command, chdir: place)
    abort output unless status.success?
  end
end
