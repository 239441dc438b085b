# frozen_string_literal: true

require_relative "lib/minigun/version"

Gem::Specification.new do |spec|
  spec.name = "minigun"
  spec.version = Minigun::VERSION
  spec.authors = ["minigun contributors"]
  spec.summary = "Data pipelines in a Ruby DSL on a native core"
  spec.description = "Declare producers, processors, batches and consumers in Ruby; a C core plans the graph, " \
                     "moves the items in chunks and runs the stages on threads, in forked processes or in ractors."
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.1"

  spec.files = Dir.chdir(__dir__) do
    Dir["lib/**/*.rb", "ext/**/*.{c,h,cpp,rb}", "exe/*", "sig/**/*.rbs", "examples/**/*.{rb,c,h,md}",
        "docs/*.md", "README.md", "CHANGELOG.md", "LICENSE.txt"]
  end
  spec.bindir = "exe"
  spec.executables = Dir.chdir(__dir__) { Dir["exe/*"] }.map { |path| File.basename(path) }
  spec.require_paths = ["lib"]
  spec.extensions = ["ext/minigun/extconf.rb", "ext/stages/extconf.rb"]
  spec.metadata["rubygems_mfa_required"] = "true"

  # Building and testing.
  spec.add_development_dependency "rake", "~> 13.0"
  spec.add_development_dependency "rake-compiler", "~> 1.2"
  spec.add_development_dependency "rspec", "~> 3.12"
  spec.add_development_dependency "simplecov", "~> 0.22"

  # The demo.
  spec.add_development_dependency "ruby-progressbar", "~> 1.13"
  # The RubyGems of Ruby 3.1 can install no binary gem of the 2.x series, and building one takes minutes.
  spec.add_development_dependency "sqlite3", *(RUBY_VERSION < "3.2" ? "~> 1.7" : [">= 1.7", "< 3"])
  spec.add_development_dependency "terminal-table", ">= 3.0", "< 5"

  # Contenders of the benchmarks.
  spec.add_development_dependency "concurrent-ruby", "~> 1.2"
  spec.add_development_dependency "kiba", "~> 4.0"
  spec.add_development_dependency "parallel", ">= 1.24", "< 3"
end
