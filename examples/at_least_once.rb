# frozen_string_literal: true

# A source that must not lose anything: it forgets a job only when all that came of it is dealt with,
# and hands out again what failed.
#
#   ruby -Ilib examples/at_least_once.rb
require "minigun"

class Orders
  include Minigun::DSL

  def initialize
    @waiting = %w[apple bread cheese].each_with_object(Thread::Queue.new) { |order, queue| queue << order }
    @open = @waiting.size
    @short = true
    @lines = []
  end

  ack = lambda do |order|
    @lines << "#{order} is settled"
    @waiting.close if (@open -= 1).zero?
  end
  nack = ->(order) { @waiting << order }

  producer(:orders, ack: ack, nack: nack) do
    while (order = @waiting.pop) # nil once it is closed
      emit order
    end
  end
  processor(:split, threads: 2) { |order| order.each_char { |char| emit char } }
  consumer(:count) do |char|
    if char == "h" && @short
      @short = false
      raise IOError, "out of h"
    end

    (@chars ||= Hash.new(0))[char] += 1
  end

  after_run { puts @lines.sort, "#{@chars["h"]} h, #{@chars["s"]} s: cheese came twice" }
end

Minigun.logger = Logger.new(File::NULL) # errors are logged; here they shall not be
Orders.new.run

__END__
apple is settled
bread is settled
cheese is settled
1 h, 2 s: cheese came twice
