# frozen_string_literal: true

# The core knows nothing of Ruby, so its tests are a plain C program. That is what makes the
# sanitizers cheap to run: no Ruby, no suppressions.
CORE_SOURCES = FileList["ext/minigun/core/*.c", "spec/core/*.c"]
CORE_FLAGS = %w[-std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wconversion -Wpedantic -Werror -Iext/minigun].freeze

def core_test(name, *flags, launcher: [])
  program = "tmp/core_#{name}"
  mkdir_p "tmp", verbose: false
  sh ENV.fetch("CC", "cc"), *CORE_FLAGS, *flags, *CORE_SOURCES, "-o", program, "-lpthread", "-lm", verbose: false
  sh(*launcher, program)
end

# ThreadSanitizer wants its shadow memory where a randomised address space may put something else.
def fixed_addresses
  launcher = ["setarch", `uname -m`.strip, "-R"]
  system(*launcher, "true", err: File::NULL) ? launcher : []
end

desc "Run the C tests of the core"
task(:core) { core_test "plain" }

namespace :core do
  desc "Run the C tests under the address and undefined-behaviour sanitizers"
  task(:asan) { core_test "asan", "-fsanitize=address,undefined", "-fno-omit-frame-pointer" }

  desc "Run the C tests under the thread sanitizer"
  task(:tsan) do
    core_test "tsan", "-fsanitize=thread", "-fno-omit-frame-pointer", launcher: fixed_addresses
  end
end
