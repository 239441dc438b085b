# frozen_string_literal: true

require "spec_helper"
require "open3"

RSpec.describe "Signatures" do
  root = File.expand_path("..", __dir__)

  # In a Ruby of its own: rbs ships with Ruby and is not in the bundle.
  program = <<~RUBY
    begin
      require "rbs"
      require "rbs/cli"
    rescue LoadError
      exit 99
    end
    require "minigun"
    RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(%w[-I sig validate --silent])
    environment = RBS::EnvironmentLoader.new.then do |loader|
      loader.add(path: Pathname("sig"))
      RBS::Environment.from_loader(loader).resolve_type_names
    end
    definitions = RBS::DefinitionBuilder.new(env: environment)
    environment.class_decls.each_key.select { |name| name.to_s.start_with?("::Minigun") }.each do |name|
      type = Object.const_get(name.to_s)
      declared = ->(definition) { definition.methods.select { |_, method| method.defined_in == name }.keys }
      instance = type.instance_methods + type.private_instance_methods
      (declared.call(definitions.build_instance(name)) - instance).each { |method| puts "\#{name}#\#{method}" }
      declared.call(definitions.build_singleton(name)).reject { |method| type.respond_to?(method, true) }
              .each { |method| puts "\#{name}.\#{method}" }
    end
  RUBY

  it "are valid, and what they declare is there" do
    clean = ENV.keys.grep(/\A(BUNDLE|RUBY(OPT|LIB)|GEM_)/).to_h { |key| [key, nil] }
    out, status = Open3.capture2e(clean, RbConfig.ruby, "-W0", "-Ilib", "-e", program, chdir: root)
    skip "rbs is not installed" if status.exitstatus == 99

    out = out.lines.grep_v(/option is deprecated/).join # of rbs's own
    expect([out, status.success?]).to eq(["", true])
  end
end
