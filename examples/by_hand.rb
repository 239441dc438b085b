# frozen_string_literal: true

# A pipeline without the DSL: any object is the context its blocks run on.
#
#   ruby -Ilib examples/by_hand.rb
require "minigun"

line = Minigun::Pipeline.new(:line)
line.add_stage(:producer, :pairs, to: :sum) { [[2, 9], [4, 5]].each { |pair| emit pair } }
line.add_stage(:processor, :sum, to: :keep) { |a, b| emit a + b } # an Array item is spread
line.add_stage(:consumer, :keep) { |n| (@sums ||= []) << n }

context = Object.new
puts line.run(context)
puts context.instance_variable_get(:@sums).inspect
puts line.dag.topological_sort.join(" -> ")

__END__
2
[11, 9]
pairs -> sum -> keep
