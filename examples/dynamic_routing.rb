# frozen_string_literal: true

# `output.to(name)` sends one item to one stage, chosen for each item. Stages that
# are fed in no other way say `await: true`: they stay open while work is left.
#
#   ruby -Ilib examples/dynamic_routing.rb
require "minigun"

class Sorting
  include Minigun::DSL
  attr_reader :bins

  def initialize
    @bins = Hash.new { |bins, name| bins[name] = [] }
  end

  pipeline do
    producer(:numbers) { |output| (1..10).each { |n| output << n } }
    processor(:sort) { |n, output| output.to(n % 3 == 0 ? :fizz : "other_#{n % 2}") << n }

    consumer(:fizz, await: true) { |n| @bins[:fizz] << n }
    consumer(:other_0, await: true) { |n| @bins[:even] << n }
    consumer(:other_1, await: true) { |n| @bins[:odd] << n }
  end
end

job = Sorting.new
job.run
job.bins.sort.each { |name, numbers| puts "#{name}: #{numbers.inspect}" }

__END__
even: [2, 4, 8, 10]
fizz: [3, 6, 9]
odd: [1, 5, 7]
