# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "minigun-cut"
  spec.version = "0.1.0"
  spec.authors = ["minigun contributors"]
  spec.summary = "A native stage for minigun: one field of each line"
  spec.license = "MIT"
  spec.files = Dir.chdir(__dir__) { Dir["{ext,lib}/**/*.{c,rb}", "README.md"] }
  spec.extensions = ["ext/minigun_cut/extconf.rb"]
  spec.add_dependency "minigun"
end
