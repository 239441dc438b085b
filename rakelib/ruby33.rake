# frozen_string_literal: true

desc "Run the specs under Ruby 3.3: rake ruby33, or rake \"ruby33[spec/contract]\""
task :ruby33, [:path] do |_, args|
  sh("bin/ruby33", *[args.path].compact, verbose: false) do |passed, status|
    exit status.exitstatus || 1 unless passed || status.exitstatus == 77
  end
end
