# frozen_string_literal: true

require "rbconfig"

# Where a Ruby keeps its sources.
module Folders
  module_function

  def of_ruby
    libraries = RbConfig::CONFIG.values_at("rubylibdir", "vendordir", "sitedir")
    gems = (Gem.path | Gem.default_path).map { |path| File.join(path, "gems") }
    real(libraries.compact + gems)
  end

  # Absolute, without those that don't exist and those inside others.
  def real(folders)
    found = folders.select { |folder| File.directory?(folder) }.map { |folder| File.realpath(folder) }.uniq
    found.reject { |folder| found.any? { |other| folder.start_with?("#{other}/") } }.sort
  end

  def sources_in(folders)
    folders.flat_map do |folder|
      Dir.glob("**/*.rb", File::FNM_DOTMATCH, base: folder).map { |path| File.join(folder, path) }
         .reject { |path| File.directory?(path) }
    end
  end
end
