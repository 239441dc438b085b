# frozen_string_literal: true

require "etc"
require_relative "coverage"
require_relative "instrumented"

# The C tests of the core and of the native stages, compiled to count branches, in a folder of their own.
class CTestCoverage
  include Rake::FileUtilsExt

  ROOT = Instrumented::ROOT
  FOLDER = File.join(ROOT, "tmp/coverage/c")
  COUNTED = %w[-O0 --coverage].freeze

  # Children leave by _exit, at which their counters would be lost.
  EXIT = <<~C
    extern void __gcov_dump(void);
    _Noreturn void __real__exit(int status);
    _Noreturn void __wrap__exit(int status);
    _Noreturn void __wrap__exit(int status) { __gcov_dump(); __real__exit(status); }
  C

  # @return [Hash{String => CoverageReport::Covered}] of all files in ext that a test called, by path
  def run
    prepare
    core, stages = CORE_SOURCES.to_a, StageTests::SOURCES.to_a
    links = libraries
    compile(core, CORE_FLAGS)
    compile(stages - core, StageTests::FLAGS + @defines)
    test("core", core, [])
    test("stages", stages, links)
    CoverageReport.of_c(FOLDER, ROOT)
  end

  private

  def prepare
    rm_rf FOLDER, verbose: false
    mkdir_p FOLDER, verbose: false
    File.write(File.join(FOLDER, "exit.c"), EXIT)
    sh compiler, "-c", *COUNTED, "exit.c", "-o", "exit.o", chdir: FOLDER, verbose: false
  end

  # What to link the stages with; keeps what to compile them with.
  def libraries
    found = StageTests.wrapped + StageTests.libraries + StageTests.simdjson("coverage", COUNTED, folder: FOLDER)
    @defines, links = found.partition { |word| word.start_with?("-D") }
    links
  end

  def compiler = ENV.fetch("CC", "cc")
  def object(source) = "#{File.basename(source, ".c")}.o"

  def compile(sources, flags)
    flags = flags.map { |flag| flag.sub("-Iext", "-I#{ROOT}/ext").sub("-Ispec", "-I#{ROOT}/spec") } - ["-O1"]
    queue = sources.dup
    Array.new(Etc.nprocessors) do
      Thread.new do
        while (source = queue.shift)
          sh compiler, *flags, *COUNTED, "-c", File.join(ROOT, source), "-o", object(source), chdir: FOLDER, verbose: false
        end
      end
    end.each(&:join)
  end

  def test(program, sources, links)
    sh compiler, "--coverage", "-Wl,--wrap=_exit", *sources.map { |source| object(source) }, "exit.o", *links, "-o", program,
       "-lpthread", "-lm", chdir: FOLDER, verbose: false
    sh File.join(FOLDER, program), verbose: false
  end
end
