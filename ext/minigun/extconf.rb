# frozen_string_literal: true

require "mkmf"

abort "minigun needs POSIX threads" unless have_header("pthread.h")

have_func("rb_internal_thread_specific_get", "ruby/thread.h")
have_func("rb_ext_ractor_safe", "ruby.h")
have_header("linux/futex.h")
have_header("sys/eventfd.h")

# The core is a plain C library in its own folder; here it is compiled in.
folders = %w[. core native].select { |folder| Dir.exist?(File.join(__dir__, folder)) }
folders.drop(1).each { |folder| $VPATH << "$(srcdir)/#{folder}" }
$srcs = folders.flat_map { |folder| Dir[File.join(__dir__, folder, "*.c")] }.map { |path| File.basename(path) }
$headers = folders.flat_map { |folder| Dir[File.join(__dir__, folder, "*.h")] }
$INCFLAGS << " -I$(srcdir)"

append_cflags(%w[-std=gnu11 -O3 -fvisibility=hidden -fno-strict-aliasing -Wall -Wextra -Wno-unused-parameter
                 -Wno-missing-field-initializers -Wno-declaration-after-statement])
append_cflags("-Werror") if ENV["MINIGUN_STRICT"]

if (kinds = ENV["MINIGUN_SANITIZE"]) # "address,undefined" or "thread"
  append_cflags(["-fsanitize=#{kinds}", "-fno-omit-frame-pointer", "-O1", "-g"])
  $LDFLAGS << " -fsanitize=#{kinds}"
end

# The libraries of native stages. Each may be missing: the stage that needs it says so when it
# is opened, with the package's name.
{ "HAVE_ZLIB_H" => ["z", "inflate", "zlib.h"],
  "HAVE_ZSTD_H" => ["zstd", "ZSTD_decompressStream", "zstd.h"],
  "HAVE_PCRE2_H" => ["pcre2-8", "pcre2_compile_8", "pcre2.h", "-DPCRE2_CODE_UNIT_WIDTH=8"],
  "HAVE_OPENSSL" => ["crypto", "EVP_MD_fetch", "openssl/evp.h"],
  "HAVE_XXHASH" => ["xxhash", "XXH3_64bits", "xxhash.h"] }.each do |name, (library, function, header, flag)|
  next if enable_config("system-libraries") == false

  with_cflags("#{$CFLAGS} #{flag}") { $defs << "-D#{name}" if have_library(library, function, header) }
end

# simdjson is C++; json_index.cpp is all that knows.
def simdjson?
  MakeMakefile["C++"].try_compile("#include <simdjson.h>\nint main() { simdjson::get_active_implementation(); return 0; }")
rescue StandardError
  false
end

if enable_config("system-libraries") != false && checking_for("simdjson") { simdjson? && have_library("simdjson") }
  $defs << "-DHAVE_SIMDJSON"
  $srcs << "json_index.cpp"
  $CXXFLAGS << " -O3 -std=gnu++17 -fno-exceptions -fno-rtti -fvisibility=hidden -fvisibility-inlines-hidden"
  $libs = "#{$libs} -lstdc++"
end

create_makefile("minigun/minigun")
