# frozen_string_literal: true

# An error in a block costs one item; the run goes on. Anything beyond StandardError stops it.
#
#   ruby -Ilib examples/errors.rb
require "minigun"

class Parse
  include Minigun::DSL

  producer(:texts) { %w[1 2 three 4].each { |text| emit text } }
  processor(:parse) { |text| emit Integer(text) }
  consumer(:print) { |n| puts n }
end

Minigun.logger = Logger.new(File::NULL) # errors are logged; here they shall not be
Parse.new.run
stats = Parse._minigun_task.root_pipeline.stats.for_stage(:parse)
puts "#{stats.items_failed} of #{stats.items_consumed} failed"

class Unfinished < Parse
  processor(:parse) { |_text| raise NotImplementedError, "no parser yet" }
end

begin
  Unfinished.new.run
rescue NotImplementedError => e
  puts "stopped: #{e.message}"
end

__END__
1
2
4
1 of 4 failed
stopped: no parser yet
