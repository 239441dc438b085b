# frozen_string_literal: true

desc "Run the suite of a checkout of the original gem against this one"
task :compat, [:path] => :compile do |_, args|
  require_relative "compat_suite"
  abort 'which checkout? rake "compat[PATH]"' unless args.path

  begin
    closing, status = CompatSuite.new(args.path).run
  rescue ArgumentError => e
    abort e.message
  end
  puts "", closing || "the suite ended without a closing line"
  exit status
end
