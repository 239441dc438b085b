# frozen_string_literal: true

require_relative "coverage"
require_relative "instrumented"

# Percent of lines and of branches; they may only rise. docs/coverage.md has the aims, and what is left.
COVERAGE_FLOORS = { "core, by its C tests" => [88, 76], "core" => [88, 76], "binding" => [89, 67], "native stages" => [41, 27],
                    "Ruby" => [86, 60] }.freeze

namespace :coverage do
  # The C tests, in a folder of their own, with counters that also children leave behind.
  core = lambda do
    root = Instrumented::ROOT
    folder = File.join(root, "tmp/coverage/core")
    rm_rf folder, verbose: false
    mkdir_p folder, verbose: false
    wrapper = File.join(folder, "exit.c")
    File.write(wrapper, "extern void __gcov_dump(void); _Noreturn void __real__exit(int);\n" \
                        "_Noreturn void __wrap__exit(int s) { __gcov_dump(); __real__exit(s); }\n")
    flags = CORE_FLAGS.map { |flag| flag.sub("-Iext", "-I#{root}/ext") } - ["-O1"]
    objects = (CORE_SOURCES.map { |path| File.join(root, path) } << wrapper).map do |source|
      object = "#{File.basename(source, ".c")}.o"
      sh ENV.fetch("CC", "cc"), *flags, "-O0", "--coverage", "-c", source, "-o", object, chdir: folder, verbose: false
      object
    end
    sh ENV.fetch("CC", "cc"), "--coverage", "-Wl,--wrap=_exit", *objects, "-o", "core", "-lpthread", "-lm", chdir: folder, verbose: false
    sh File.join(folder, "core"), verbose: false
    CoverageReport.of_c(folder, root)
  end

  report = lambda do |groups|
    list = File.join(Instrumented::ROOT, "tmp/coverage/missed.txt")
    missed = CoverageReport.print(groups.map { |name, files| [name, files, *COVERAGE_FLOORS.fetch(name)] }, list)
    puts "lines with branches not taken: #{list}"
    abort missed.join("\n") if missed.any?
  end

  desc "Coverage of the core by its C tests"
  task(:core) { report.call("core, by its C tests" => core.call.values) }

  desc "Coverage of the core, the binding, the native stages and Ruby, by the C tests and the specs: all, or some"
  task :all, [:specs] do |_, args|
    build = Instrumented.new("coverage", %w[-O0 --coverage], sources: ["spec/support/coverage/counters.c"]).build
    rm_f Dir[File.join(build.folder, "build/**/*.gcda")], verbose: false
    preload = File.join(build.folder, "dump_at_exit.so")
    sh ENV.fetch("CC", "cc"), "-shared", "-fPIC", "spec/support/coverage/dump_at_exit.c", "-o", preload, "-ldl", verbose: false
    passed = build.rspec(*args.specs, *args.extras, env: { "LD_PRELOAD" => preload, "MINIGUN_COVERAGE" => build.reports,
                                                          "RUBYOPT" => "-r#{build.folder}/spec/support/coverage/ruby" })
    c = CoverageReport.of_c(File.join(build.folder, "build"), build.folder)
    in_core, rest = c.partition { |path, _| path.include?("/core/") }.map(&:to_h)
    stages, binding = rest.partition { |path, _| path.include?("/native/") || path.include?("/stages/") }.map(&:to_h)
    ruby = CoverageReport.of_ruby(Dir[File.join(build.reports, "*.ruby")], build.folder)
    report.call("core" => CoverageReport.merge(core.call, in_core).values, "binding" => binding.values,
                "native stages" => stages.values, "Ruby" => ruby.values)
    abort "specs failed" unless passed
  end
end

desc "Coverage of everything by branch"
task coverage: "coverage:all"
