# frozen_string_literal: true

require "rake/extensiontask"

Rake::ExtensionTask.new("minigun") do |ext|
  ext.lib_dir = "lib/minigun"
  ext.source_pattern = "{core/,}*.{c,h}"
end

# The native stages that ship, with the libraries that they need where these are there.
Rake::ExtensionTask.new("stages") do |ext|
  ext.lib_dir = "lib/minigun"
  ext.source_pattern = "{../minigun/native/,}*.{c,cpp,h}"
end

# A file that is added or taken away changes its folder, and so calls for a new Makefile.
Rake::Task.tasks.select { |task| task.name.end_with?("/Makefile") }.each do |makefile|
  makefile.enhance(FileList["ext/minigun", "ext/minigun/{core,native}", "ext/stages"])
end
