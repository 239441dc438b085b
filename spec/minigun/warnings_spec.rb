# frozen_string_literal: true

require "open3"
require "rbconfig"

# With -w, Ruby's own warnings are the user's business; none may come from files of ours.
RSpec.describe "Warnings" do
  root = File.expand_path("../..", __dir__)

  define_method(:warnings_of) do |code, *options|
    _, err, status = Open3.capture3({ "RUBYOPT" => nil }, RbConfig.ruby, "-w", *options, "-I#{root}/lib", "-e", code)
    expect(status).to be_success, err
    err.lines.grep(%r{#{Regexp.escape(root)}/(lib|exe)|minigun})
  end

  it "are none when every file is compiled and every constant loaded" do
    warnings = warnings_of(<<~RUBY)
      require "minigun"
      if defined?(RubyVM::InstructionSequence)
        Dir["#{root}/{lib/**/*.rb,exe/*}"].each { |path| RubyVM::InstructionSequence.compile_file(path) }
      end
      load_all = lambda do |owner|
        owner.constants(false).each do |name|
          value = owner.const_get(name)
          load_all.(value) if value.is_a?(Module) && Module.instance_method(:name).bind_call(value).to_s.start_with?(owner.name + "::")
        end
      end
      load_all.(Minigun)
    RUBY

    expect(warnings).to be_empty, warnings.join
  end

  it "are none when pipelines run, wherever they do" do
    warnings = warnings_of(<<~RUBY)
      require "minigun"
      Minigun.logger = Logger.new(File::NULL)
      %i[inline thread ipc_fork cow_fork ractor].each do |context|
        klass = Class.new do
          include Minigun::DSL
          attr_reader :out
          define_method(:initialize) { @out = [] }
          producer(:gen) { 5.times { |n| emit n } }
          processor(:work, execution: context, on_error: :skip) { |n, output| n == 3 ? raise("no") : output << n.to_s }
          native(:all, grep: /./)
          batch 2
          consumer(:keep) { |list| @out << list }
        end
        job = klass.new
        job.run
        job.out.flatten.sort == %w[0 1 2 4] or abort "\#{context}: \#{job.out}"
      end
    RUBY

    expect(warnings).to be_empty, warnings.join
  end

  it "of experimental features are none either", if: Minigun::Execution::Isolation.ractors? do
    expect(warnings_of(<<~RUBY, "-W:experimental")).to be_empty
      require "minigun"
      Class.new { include Minigun::DSL; producer(:a) { 2.times { |n| emit n } }
                  processor(:b, execution: :ractor) { |n, output| output << n }; consumer(:c) { |n| n } }.new.run
    RUBY
  end
end
