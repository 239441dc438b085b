# frozen_string_literal: true

require "mkmf"
require "minigun"

$INCFLAGS << " -I#{Minigun.include_dir}"
create_makefile("minigun_cut")
