# frozen_string_literal: true

desc "Kill workers and their parents, and look what is lost: rake kills[100000], or rake kills[2000,7] from seed 7 on"
task :kills, %i[count seed] => :compile do |_, args|
  seed = ["--seed", args.seed] if args.seed
  ruby "-Ilib", "spec/stress/kills.rb", "--kills", args.fetch(:count, "20000"), *seed, verbose: false
end
