# frozen_string_literal: true

# Accumulators pack items into Arrays; a block may turn each batch into something else.
#
#   ruby -Ilib examples/batches.rb
require "minigun"

class Batches
  include Minigun::DSL

  producer(:numbers) { (1..7).each { |n| emit n } }
  accumulator(:threes, max_size: 3) # passes the batch on
  processor(:show) do |batch|
    puts "batch #{batch}"
    emit batch.sum
  end
  accumulator(:total) { |sums| sums.sum } # passes the block's value on
  consumer(:print) { |total| puts "total #{total}" }
end

# The number of items that went through accumulators.
puts Batches.new.run

__END__
batch [1, 2, 3]
batch [4, 5, 6]
batch [7]
total 28
10
