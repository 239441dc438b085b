# frozen_string_literal: true

desc "Run the benchmarks: all, or one by its name"
task :bench, [:name] => :compile do |_, args|
  files = args.name ? ["bench/#{args.name}.rb"] : FileList["bench/*.rb"].sort
  abort "there is no benchmark #{args.name}: see bench/" unless files.all? { |path| File.exist?(path) }
  files.each { |path| ruby "-Ilib", path, verbose: false }
end
