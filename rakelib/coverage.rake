# frozen_string_literal: true

require_relative "coverage"
require_relative "coverage_c"
require_relative "coverage_reasons"
require_relative "instrumented"

# Percent of lines and of branches; they may only rise. docs/coverage.md has the aims, and what is left.
COVERAGE_FLOORS = { "core, by C tests" => [95, 84], "native stages, by C tests" => [91, 73], "core" => [97, 89],
                    "native stages" => [96, 83], "binding" => [98, 90], "Ruby" => [97, 89] }.freeze

# What has to have a reason where it is missed, and how many lines lack one yet: fewer and fewer.
COVERAGE_UNEXPLAINED = { "binding" => [:missed, 10], "Ruby" => [:unrun, 5] }.freeze

# What is random is there to meet what is rare, not to reach more lines; and where all is counted it is slow.
COVERAGE_SHARES = { "GRAPH_COUNT" => "40", "KILLS" => "300", "INTERRUPTS" => "10000" }.freeze
# Nor do the same blocks under each of the policies.
COVERAGE_SPARED = %w[retries dead_letter callable].flat_map { |policy| ["--tag", "~as_#{policy}"] }.freeze

namespace :coverage do
  explain = lambda do |groups|
    reasons = CoverageReasons.new(Instrumented::ROOT)
    groups.slice(*COVERAGE_UNEXPLAINED.keys).filter_map do |name, files|
      what, most = COVERAGE_UNEXPLAINED[name]
      lines = reasons.unexplained(files, what)
      list = File.join(Instrumented::ROOT, "tmp/coverage/unexplained_#{name.downcase}.txt")
      File.write(list, lines.join("\n"))
      puts "#{name}: #{lines.size} of #{files.sum { |file| file.public_send(what).size }} lines have no reason in #{CoverageReasons::FILE}: #{list}"
      "#{name}: #{lines.size} lines that are #{what} have no reason, more than #{most}" if lines.size > most
    end
  end

  report = lambda do |groups|
    list = File.join(Instrumented::ROOT, "tmp/coverage/missed.txt")
    missed = CoverageReport.print(groups.map { |name, files| [name, files, *COVERAGE_FLOORS.fetch(name)] }, list)
    puts "lines that were not run, or not in all the ways that they branch: #{list}"
    missed += explain.call(groups)
    abort missed.join("\n") if missed.any?
  end

  core = ->(path) { path.include?("/core/") }
  stage = ->(path) { path.include?("/native/") || path.include?("/stages/") }

  desc "Coverage of the core and of the native stages by their C tests"
  task :core do
    c = CTestCoverage.new.run
    report.call("core, by C tests" => c.values.select { |file| core.(file.path) },
                "native stages, by C tests" => c.values.select { |file| stage.(file.path) })
  end

  desc "Coverage of the core, the binding, the native stages and Ruby, by the C tests and the specs: all, or some"
  task :all, [:specs] do |_, args|
    build = Instrumented.new("coverage", %w[-O0 --coverage], sources: ["spec/support/coverage/counters.c"]).build
    rm_f Dir[File.join(build.folder, "build/**/*.gcda")], verbose: false
    preload = File.join(build.folder, "dump_at_exit.so")
    sh ENV.fetch("CC", "cc"), "-shared", "-fPIC", "spec/support/coverage/dump_at_exit.c", "-o", preload, "-ldl", verbose: false
    counting = "#{build.folder}/spec/support/coverage/ruby"
    # What a command line requires is loaded before what RUBYOPT does.
    front = File.join(build.folder, "lib/minigun.rb")
    File.write(front, File.read(front).sub("\n\n", "\nrequire #{counting.inspect} if ENV[\"MINIGUN_COVERAGE\"]\n"))
    env = COVERAGE_SHARES.merge(ENV.slice(*COVERAGE_SHARES.keys), "LD_PRELOAD" => preload, "MINIGUN_COVERAGE" => build.reports,
                                "RUBYOPT" => "-r#{counting}")
    passed = build.rspec(*COVERAGE_SPARED, *args.specs, *args.extras, env: env)
    c = CoverageReport.merge(CTestCoverage.new.run, CoverageReport.of_c(File.join(build.folder, "build"), build.folder))
    c = c.values.reject { |file| file.path.end_with?("/counters.c") } # what counts, not what is counted
    ruby = CoverageReport.of_ruby(Dir[File.join(build.reports, "*.ruby")], build.folder)
    report.call("core" => c.select { |file| core.(file.path) }, "native stages" => c.select { |file| stage.(file.path) },
                "binding" => c.reject { |file| core.(file.path) || stage.(file.path) }, "Ruby" => ruby.values)
    abort "specs failed" unless passed
  end
end

desc "Coverage of everything by branch"
task coverage: "coverage:all"
