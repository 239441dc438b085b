# frozen_string_literal: true

desc "Check random graphs against a sequential model: rake stress[50000], or rake stress[500,deep]"
task :stress, %i[count depth] => :compile do |_, args|
  deep = ["--deep"] if args.depth
  ruby "-Ilib", "spec/stress/random_graphs.rb", "--count", args.fetch(:count, "20000"), *deep, verbose: false
end
