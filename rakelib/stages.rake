# frozen_string_literal: true

# The native stages that ship, tested as plain C: with the libraries that are there, and with none, so
# that each says what it needs.
module StageTests
  extend Rake::FileUtilsExt

  LIBRARIES = {
    "HAVE_ZLIB_H" => ["z", "#include <zlib.h>"], "HAVE_ZSTD_H" => ["zstd", "#include <zstd.h>"],
    "HAVE_PCRE2_H" => ["pcre2-8", "#define PCRE2_CODE_UNIT_WIDTH 8\n#include <pcre2.h>"],
    "HAVE_OPENSSL" => ["crypto", "#include <openssl/evp.h>"], "HAVE_XXHASH" => ["xxhash", "#include <xxhash.h>"]
  }.freeze
  FLAGS = %w[-std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers
             -Iext/minigun -Ispec/core].freeze
  SOURCES = FileList["ext/minigun/core/*.c", "ext/minigun/native/*.c", "spec/native_stages/*.c", "spec/core/main.c"]

  module_function

  def compiler = ENV.fetch("CC", "cc")

  def compiles?(text, *flags, language: "c")
    IO.popen([language == "c" ? compiler : "c++", "-x", language, "-", "-o", File::NULL, *flags, { err: File::NULL }], "w") do |input|
      input.puts text, "int main(void) { return 0; }"
    end
    $?.success?
  end

  # Flags for those that are there, and those to link them with.
  def libraries
    @libraries ||= LIBRARIES.select { |_, (name, header)| compiles?(header, "-l#{name}") }
                            .flat_map { |define, (name, _)| ["-D#{define}", "-l#{name}"] }
  end

  def simdjson? = compiles?("#include <simdjson.h>", "-std=c++17", "-lsimdjson", language: "c++")

  # The C++ half of json, as an object file.
  def simdjson(name, flags, folder: "tmp")
    return [] unless simdjson?

    object = "#{folder}/json_index_#{name}.o"
    sh "c++", "-std=gnu++17", "-g", "-O1", "-fno-exceptions", "-fno-rtti", "-Iext/minigun", *flags, "-c",
       "ext/minigun/native/json_index.cpp", "-o", object, verbose: false
    ["-DHAVE_SIMDJSON", object, "-lsimdjson", "-lstdc++"]
  end

  # Has calls for memory go through the tests, where the linker can do that.
  def wrapped
    links = %w[malloc calloc realloc].map { |call| "-Wl,--wrap=#{call}" }
    RUBY_PLATFORM.include?("linux") ? ["-DMG_WRAPPED", *links] : []
  end

  def run(name, *flags, launcher: [], bare: false)
    program = "tmp/stages_#{name}"
    mkdir_p "tmp", verbose: false
    found = wrapped + (bare ? [] : libraries + simdjson(name, flags))
    defines, links = found.partition { |word| word.start_with?("-D") }
    sh compiler, *FLAGS, *defines, *flags, *SOURCES, *links, "-o", program, "-lpthread", "-lm", verbose: false
    sh(*launcher, program)
  end
end

namespace :stages do
  task(:plain) { StageTests.run "plain" }
  task(:bare) { StageTests.run "bare", bare: true }
  task(:asan) { StageTests.run "asan", "-fsanitize=address,undefined", "-fno-omit-frame-pointer" }
  task(:tsan) { StageTests.run "tsan", "-fsanitize=thread", "-fno-omit-frame-pointer", launcher: fixed_addresses }
end

desc "Run the C tests of the native stages, which are part of core, core:asan and core:tsan"
task stages: %w[stages:plain stages:bare]

task core: :stages
task "core:asan" => "stages:asan"
task "core:tsan" => "stages:tsan"
