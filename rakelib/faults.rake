# frozen_string_literal: true

# What is made to fail, with which errno (0: a short count), and how often in a row.
FAULTS = [["fork", Errno::EAGAIN], ["fork", Errno::ENOMEM], ["pthread_create", Errno::EAGAIN],
          ["eventfd", Errno::EMFILE], ["mmap", Errno::ENOMEM], ["malloc", Errno::ENOMEM], ["poll", Errno::EINTR], ["read", Errno::EINTR], ["read", nil, 3],
          ["write", Errno::EINTR], ["write", nil, 3]].freeze

desc "Runs in which the first, second, ... call of a function fails, by a preloaded library: rake faults, or rake faults[fork]"
task :faults, [:call] => :compile do |_, args|
  next puts("left out: libraries are preloaded on Linux only") unless RUBY_PLATFORM.include?("linux")

  mkdir_p "tmp", verbose: false
  shim = File.expand_path("tmp/shim.so")
  sh ENV.fetch("CC", "cc"), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", shim, "spec/faults/shim.c", "-ldl", verbose: false
  wrong = FAULTS.select { |call,| args.call.nil? || call == args.call }.reject do |call, error, times|
    print "#{call} #{error || "short"}: "
    arguments = [call, error ? error::Errno : 0, times || 1].map(&:to_s)
    system({ "LD_PRELOAD" => shim }, "timeout", "--kill-after=5", "170", RbConfig.ruby, "-Ilib", "spec/faults/scenarios.rb", *arguments)
  end
  abort "failed: #{wrong.map { |call, error,| "rake \"faults[#{call}]\" (#{error})" }.join(", ")}" if wrong.any?
end
