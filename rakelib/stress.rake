# frozen_string_literal: true

desc "Check random graphs against a sequential model: rake stress[50000], stress[20000,fork], stress[500,mixed,deep]"
task :stress, %i[count family depth] => :compile do |_, args|
  deep = ["--deep"] if args.depth
  ruby "-Ilib", "spec/stress/random_graphs.rb", "--count", args.fetch(:count, "20000"), "--family", args.fetch(:family, "thread"),
       *deep, verbose: false
end
