# frozen_string_literal: true

# Several targets share the items in turn, instead of each getting all of them.
#
#   ruby -Ilib examples/round_robin.rb
require "minigun"

class Desks
  include Minigun::DSL
  attr_reader :served

  def initialize
    @served = { left: [], right: [] }
  end

  pipeline do
    producer(:tickets, to: %i[left right], routing: :round_robin) { |output| (1..5).each { |n| output << n } }
    consumer(:left) { |n| @served[:left] << n }
    consumer(:right) { |n| @served[:right] << n }
  end
end

desks = Desks.new
desks.run
puts "left #{desks.served[:left]}, right #{desks.served[:right]}"

__END__
left [1, 3, 5], right [2, 4]
