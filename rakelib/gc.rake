# frozen_string_literal: true

desc "Run the specs with a collector that gets in the way: rake gc, rake gc[compact], rake \"gc[verify,spec/minigun]\""
task :gc, %i[mode path] => :compile do |_, args|
  (args.mode ? [args.mode] : %w[compact verify stress]).each do |mode|
    puts "MINIGUN_GC=#{mode}"
    sh({ "MINIGUN_GC" => mode, "SPEC_TIME_LIMIT" => "300" }, RbConfig.ruby, "-Ilib", "-S", "rspec", "--no-color", "--tag", "~stress",
       *[args.path].compact, verbose: false)
  end
end

# The suite under what Ruby can be run with besides.
namespace :spec do
  desc "Run the specs under YJIT, where this Ruby has it: rake spec:yjit, or rake \"spec:yjit[spec/contract]\""
  task :yjit, [:path] => :compile do |_, args|
    if system(RbConfig.ruby, "--yjit", "-e", "exit RubyVM::YJIT.enabled?", err: File::NULL)
      sh({ "RUBYOPT" => "#{ENV.fetch("RUBYOPT", nil)} --yjit" }, RbConfig.ruby, "-Ilib", "-S", "rspec", "--no-color",
         *[args.path].compact, verbose: false)
    else
      puts "left out: this Ruby has no YJIT"
    end
  end
end

namespace :ruby33 do
  desc "Run the specs under Ruby 3.3 with its M:N threads, which change their native thread"
  task(:mn, [:path]) do |_, args|
    sh({ "RUBY_MN_THREADS" => "1" }, "bin/ruby33", *[args.path || %w[--tag ~stress]].flatten, verbose: false)
  end
end
