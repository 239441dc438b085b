# frozen_string_literal: true

desc "Mixed runs, many of them killed, cancelled and interrupted, for so many seconds: rake \"soak[300]\""
task :soak, [:seconds] => :compile do |_, args|
  next puts("left out: it measures through /proc") unless File.directory?("/proc/self/fd")

  ruby "-Ilib", "spec/stress/soak.rb", args.fetch(:seconds, "300"), verbose: false
end
