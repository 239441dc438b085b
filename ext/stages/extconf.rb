# frozen_string_literal: true

# The native stages that ship with minigun. They are a library of their own, as anybody else's
# would be, loaded when the first of them is used: a program without native stages should not
# load the libraries that these need, nor fail when one is gone.
require "mkmf"

house = File.expand_path("../minigun", __dir__)
$VPATH << "$(srcdir)/../minigun/native"
$srcs = [*Dir[File.join(__dir__, "*.c")], *Dir[File.join(house, "native/*.c")]].map { |path| File.basename(path) }
$headers = Dir[File.join(house, "native/*.h")] << File.join(house, "core/stage.h")
$INCFLAGS << " -I$(srcdir)/../minigun"

append_cflags(%w[-std=gnu11 -O3 -fvisibility=hidden -fno-strict-aliasing -Wall -Wextra -Wno-unused-parameter
                 -Wno-missing-field-initializers -Wno-declaration-after-statement])
append_cflags("-Werror") if ENV["MINIGUN_STRICT"]

if (kinds = ENV["MINIGUN_SANITIZE"]) # "address,undefined" or "thread"
  append_cflags(["-fsanitize=#{kinds}", "-fno-omit-frame-pointer", "-O1", "-g"])
  $LDFLAGS << " -fsanitize=#{kinds}"
end

# Each library may be missing: the stage that needs it says so when it
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

create_makefile("minigun/stages")
