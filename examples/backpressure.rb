# frozen_string_literal: true

# Queues are bounded: a slow stage holds its producer back, so memory stays small.
#
#   ruby -Ilib examples/backpressure.rb
require "minigun"

class Backpressure
  include Minigun::DSL
  default_queue_size 100 # of this class
  attr_reader :lead

  def initialize
    @sent = @done = @lead = 0
  end

  pipeline do
    producer(:fast) do |output|
      2000.times do |n|
        output << n
        @sent += 1
        @lead = [@lead, @sent - @done].max
      end
    end
    thread_pool(1) do
      consumer(:slow, queue_size: 10) do |_n|
        Thread.pass
        @done += 1
      end
    end
  end
end

job = Backpressure.new
puts job.run
puts "never far ahead: #{job.lead < 200}"

__END__
2000
never far ahead: true
