# frozen_string_literal: true

require "mkmf"

abort "minigun needs POSIX threads" unless have_header("pthread.h")

have_func("rb_internal_thread_specific_get", "ruby/thread.h")
have_func("rb_ext_ractor_safe", "ruby.h")
have_func("rb_hash_stlike_foreach")
have_func("rb_objspace_reachable_objects_from")
have_const("RUBY_FL_EXIVAR", "ruby.h")
have_header("linux/futex.h")
have_header("sys/eventfd.h")

# The core is a plain C library in its own folder; here it is compiled in.
folders = %w[. core].select { |folder| Dir.exist?(File.join(__dir__, folder)) }
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

create_makefile("minigun/minigun")
