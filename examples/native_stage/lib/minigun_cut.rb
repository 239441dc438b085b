# frozen_string_literal: true

require "minigun"
require "minigun_cut.#{RbConfig::CONFIG["DLEXT"]}"
