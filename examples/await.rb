# frozen_string_literal: true

# Stages without upstream in the graph: `await: true` keeps them open for
# `output.to` until no work is left, a number gives up waiting for the first item.
#
#   ruby -Ilib examples/await.rb
require "minigun"

class Waiting
  include Minigun::DSL

  pipeline do
    producer(:source) { |output| 4.times { |n| output << n } }
    processor(:pick) do |n, output|
      output.to(:odd) << n if n.odd?
      output << n
    end
    consumer(:all) { |n| (@all ||= []) << n }

    accumulator(:odd, max_size: 10, await: true, to: :report) # flushed when nothing more can come
    consumer(:report) { |batch| @odd = batch }
    consumer(:never, await: true) { |_n| puts "nobody sends anything here" }
    consumer(:soon, await: 5) { |_n| puts "nor here" }
    after_run { puts "all #{@all}, odd #{@odd}" }
  end
end

Waiting.new.run

__END__
all [0, 1, 2, 3], odd [1, 3]
