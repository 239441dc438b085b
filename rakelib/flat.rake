# frozen_string_literal: true

desc "See that memory, threads and descriptors stay flat over thousands of runs: rake flat[10000]"
task :flat, [:runs] => :compile do |_, args|
  sh({ "RUNS" => args.fetch(:runs, "10000") }, RbConfig.ruby, "-Ilib", "-S", "rspec", "-fd", "spec/stress/flat_spec.rb", verbose: false)
end
