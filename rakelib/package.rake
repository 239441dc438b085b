# frozen_string_literal: true

require "tmpdir"

# The smallest program that shows the packaged gem at work.
PACKAGE_PROGRAM = <<~RUBY
  require "minigun"
  raise "loaded from \#{$LOADED_FEATURES.grep(/minigun/).first}" unless Gem.loaded_specs.key?("minigun")
  class Squares
    include Minigun::DSL
    attr_reader :sum
    producer(:numbers) { 4.times { |n| emit n } }
    processor(:square) { |n| emit n * n }
    consumer(:add) { |n| @sum = (@sum || 0) + n }
  end
  job = Squares.new
  job.run
  raise "the installed gem sums to \#{job.sum.inspect}" unless job.sum == 14
  puts "minigun \#{Minigun::VERSION} runs from \#{Gem.loaded_specs["minigun"].full_gem_path}"
RUBY

desc "Build the gem, install it into an empty GEM_HOME and run a pipeline from there"
task :package do
  Dir.mktmpdir("minigun-package") do |folder|
    gem_file = File.join(folder, "minigun.gem")
    home = File.join(folder, "home")
    # Nothing of the bundle or of this clone may help the installed gem.
    clean = ENV.keys.grep(/\A(BUNDLE|RUBY(OPT|LIB)|GEM_)/).to_h { |key| [key, nil] }
    alone = clean.merge("GEM_HOME" => home, "GEM_PATH" => home)
    sh clean, "gem", "build", "--quiet", "--output", gem_file, "minigun.gemspec", verbose: false
    sh alone, "gem", "install", "--quiet", "--local", "--no-document", gem_file, verbose: false
    Dir.chdir(folder) do
      sh alone, "ruby", "-e", PACKAGE_PROGRAM, verbose: false
      sh alone, File.join(home, "bin", "minigun"), "version", verbose: false
    end
  end
end
