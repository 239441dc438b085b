# frozen_string_literal: true

# Every run counts items and measures times, of each stage and of the whole.
#
#   ruby -Ilib examples/statistics.rb
require "minigun"

class Counted
  include Minigun::DSL

  producer(:numbers) { 20.times { |n| emit n } }
  processor(:slow) do |n|
    sleep 0.002
    emit n if n.even?
  end
  consumer(:keep) { |n| n }
end

job = Counted.new
job.run
stats = job._minigun_task.root_pipeline.stats

stats.stages_in_order.each do |stage|
  puts "#{stage.stage_name}: consumed #{stage.items_consumed}, produced #{stage.items_produced}"
end
puts "bottleneck: #{stats.bottleneck.stage_name}"
puts "median of slow over 2 ms: #{stats.for_stage(:slow).p50 >= 0.002}"

__END__
numbers: consumed 0, produced 20
slow: consumed 20, produced 10
keep: consumed 10, produced 0
bottleneck: slow
median of slow over 2 ms: true
