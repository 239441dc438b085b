# frozen_string_literal: true

# The core knows nothing of Ruby, so its tests are a plain C program. That is what makes the
# sanitizers cheap to run: no Ruby, no suppressions.
CORE_SOURCES = FileList["ext/minigun/core/*.c", "spec/core/*.c"]
CORE_FLAGS = %w[-std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wconversion -Wpedantic -Werror -Iext/minigun].freeze

SANITIZED = %w[-fno-omit-frame-pointer].freeze

def core_test(name, *flags, compiler: ENV.fetch("CC", "cc"), launcher: [])
  program = "tmp/core_#{name}"
  mkdir_p "tmp", verbose: false
  sh compiler, *CORE_FLAGS, *flags, *CORE_SOURCES, "-o", program, "-lpthread", "-lm", verbose: false
  sh(*launcher, program)
end

def core_test_asan(name, **options)
  core_test name, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *SANITIZED, **options
end

def core_test_tsan(name, **options)
  core_test name, "-fsanitize=thread", *SANITIZED, launcher: fixed_addresses, **options
end

# ThreadSanitizer wants its shadow memory where a randomised address space may put something else.
def fixed_addresses
  launcher = ["setarch", `uname -m`.strip, "-R"]
  system(*launcher, "true", err: File::NULL) ? launcher : []
end

desc "Run the C tests of the core, with the compiler in CC"
task(:core) { core_test "plain" }

namespace :core do
  desc "Run the C tests under the address and undefined-behaviour sanitizers"
  task(:asan) { core_test_asan "asan" }

  desc "Run the C tests under the thread sanitizer"
  task(:tsan) { core_test_tsan "tsan" }

  desc "Run the C tests with what stands in for the calls that only Linux has"
  task(:portable) { core_test "portable", "-DMG_PORTABLE" }

  desc "Run the C tests as clang makes them: plain, and under its sanitizers"
  task :clang do
    compiler = ENV.fetch("CLANG", "clang")
    found = system(compiler, "--version", out: File::NULL, err: File::NULL)
    abort "there is no #{compiler}: install clang, and libclang-rt for its sanitizers" unless found
    core_test "clang", compiler: compiler
    core_test_asan "clang_asan", compiler: compiler
    core_test_tsan "clang_tsan", compiler: compiler
  end
end
