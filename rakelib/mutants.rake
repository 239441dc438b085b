# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require "shellwords"
require "tmpdir"

# Planted bugs, one to a patch in spec/mutants. Above the diff stands what it breaks, and which tests
# are to notice, a line each:
#
#   What: a full inbox doesn't wake its writers
#   Test: core run_random            tests of the core whose names hold one of the words
#   Test: spec spec/contract/errors_spec.rb -e "leaves the run"
#
# The tests have to pass without the bug, and one of them to fail or hang with it.
class Mutants
  extend Rake::FileUtilsExt

  COPIED = %w[.rspec Gemfile Gemfile.lock Rakefile bin examples exe ext lib minigun.gemspec rakelib sig spec
              README.md CHANGELOG.md LICENSE.txt].freeze
  SECONDS = { "core" => 20, "spec" => 100 }.freeze
  OBJECTS = "tmp/mutants"

  Mutant = Struct.new(:path, :what, :tests) do
    def self.read(path)
      head = File.read(path)[/\A.*?(?=^(diff|---) )/m].to_s
      new(path, head[/^What: (.+)/, 1], head.scan(/^Test: (.+)/).flatten)
    end

    def name = File.basename(path, ".patch")
  end

  def self.all = FileList["spec/mutants/*.patch"].to_a.sort.map { |path| Mutant.read(File.expand_path(path)) }

  def initialize(mutants)
    @mutants = mutants
    @good = {}
  end

  # @return [Array<String>] what is wrong with the patches
  def misfits
    @mutants.filter_map do |mutant|
      next "#{mutant.name}: its head needs What: and Test:" if mutant.what.nil? || mutant.tests.empty?

      output = IO.popen(["patch", "-p1", "--dry-run", "--force", "-i", mutant.path, { err: %i[child out] }], &:read)
      "#{mutant.name} doesn't apply any more:\n#{output}" unless $?.success?
    end
  end

  # @return [Array<Mutant>] those that no test noticed
  def survivors
    Dir.mktmpdir("minigun-mutants") do |folder|
      furnish(folder)
      Dir.chdir(folder) { @mutants.reject { |mutant| caught?(mutant) } }
    end
  end

  private

  def furnish(folder)
    FileUtils.cp_r(COPIED.select { |path| File.exist?(path) }, folder, preserve: true)
    FileUtils.mkdir_p("#{folder}/tmp")
    Dir["tmp/*/{minigun,stages}"].each do |built|
      FileUtils.mkdir_p("#{folder}/#{File.dirname(built)}")
      FileUtils.cp_r(built, "#{folder}/#{built}", preserve: true)
    end
    %w[.bundle vendor].each { |path| FileUtils.ln_s(File.expand_path(path), folder) if File.exist?(path) }
  end

  def caught?(mutant)
    started = now
    useless = mutant.tests.find { |test| !good?(test) }
    abort "#{File.read("tmp/mutant.log")}\n#{mutant.name}: #{useless.inspect} doesn't pass as it is" if useless

    noticed = planted(mutant) { mutant.tests.find { |test| !passes?(test) } }
    puts format("%-40<name>s %<fate>s (%<seconds>.0f s): %<what>s", name: mutant.name, seconds: now - started,
                                                                   fate: noticed ? "caught" : "SURVIVED", what: mutant.what)
    noticed
  end

  def planted(mutant)
    patch(mutant)
    yield
  ensure
    patch(mutant, "--reverse")
  end

  def good?(test) = @good.fetch(test) { @good[test] = passes?(test) }

  def patch(mutant, *options)
    sh "patch", "-p1", "--silent", "--force", *options, "-i", mutant.path, verbose: false
    # Times have to move on, or nothing is built anew.
    later = Time.now + 2
    File.read(mutant.path).scan(%r{^\+\+\+ b/(\S+)}).flatten.each { |path| File.utime(later, later, path) }
  end

  def sh(...) = self.class.sh(...)

  def passes?(test)
    kind, *words = test.shellsplit
    if kind == "core"
      build_core
      in_time(SECONDS.fetch(kind), "#{OBJECTS}/core", *words)
    else
      build_extension
      in_time(SECONDS.fetch(kind), "bundle", "exec", "rspec", "--no-color", *words)
    end
  end

  def build_core
    FileUtils.mkdir_p(OBJECTS)
    newest = FileList["ext/minigun/core/*.h", "spec/core/*.h"].map { |path| File.mtime(path) }.max
    objects = CORE_SOURCES.map do |source|
      object = "#{OBJECTS}/#{source.tr("/", "_").sub(/c\z/, "o")}"
      stale = !File.exist?(object) || [File.mtime(source), newest].max > File.mtime(object)
      sh ENV.fetch("CC", "cc"), *CORE_FLAGS, "-w", "-c", source, "-o", object, verbose: false if stale
      File.utime(*[File.mtime(source)] * 2, object) if stale
      object
    end
    sh ENV.fetch("CC", "cc"), *objects, "-o", "#{OBJECTS}/core", "-lpthread", "-lm", verbose: false
  end

  def build_extension
    Dir["tmp/*/minigun/*/Makefile"].select { |path| path.include?("/#{RUBY_VERSION}/") }.each do |makefile|
      folder = File.dirname(makefile)
      sh "make", "-s", "-C", folder, out: File::NULL, err: File::NULL, verbose: false
      FileUtils.cp("#{folder}/minigun.#{RbConfig::CONFIG["DLEXT"]}", "lib/minigun")
    end
  end

  # True if the command ends well in time; else all it has started is ended.
  def in_time(seconds, *command)
    environment = { "BUNDLE_GEMFILE" => File.expand_path("Gemfile"), "RUBYOPT" => nil, "RUBYLIB" => nil }
    pid = Process.spawn(environment, *command, pgroup: true, out: "tmp/mutant.log", err: %i[child out])
    deadline = now + seconds
    sleep 0.05 until (ended = Process.wait2(pid, Process::WNOHANG)) || now > deadline
    ended ? ended[1].success? : false
  ensure
    begin
      Process.kill(:KILL, -pid) if pid
      Process.wait(pid) unless ended
    rescue Errno::ESRCH, Errno::ECHILD
      nil
    end
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

desc "Plant bugs and see that the tests catch them: rake mutants, rake \"mutants[5,SEED]\" or rake \"mutants[NAME]\""
task :mutants, %i[count seed] => :compile do |_, args|
  all = Mutants.all
  misfits = Mutants.new(all).misfits
  abort misfits.join("\n") if misfits.any?

  seed = Integer(args[:seed] || Time.now.strftime("%Y%m%d"))
  chosen = case args[:count]
           when nil then all
           when /\A\d+\z/ then all.sample(Integer(args[:count]), random: Random.new(seed))
           else all.select { |mutant| mutant.name.include?(args[:count]) }
           end
  puts "#{chosen.size} of #{all.size} mutants#{", seed #{seed}" if args[:count]}"
  survivors = Mutants.new(chosen).survivors
  abort "not caught: #{survivors.map(&:name).join(", ")}" if survivors.any?
  puts "all #{chosen.size} were caught"
end
