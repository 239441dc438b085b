# frozen_string_literal: true

# Stages as classes, for whatever has options, helpers or state of its own.
#
#   ruby -Ilib examples/custom_stages.rb
require "minigun"

class Numbers < Minigun::ProducerStage
  def call
    (1..options.fetch(:upto)).each { |n| yield n }
  end
end

class BySize < Minigun::ConsumerStage
  def call(number)
    number > options.fetch(:limit, 5) ? yield(number, to: :large) : yield(number)
  end
end

class Sums < Minigun::Stage # owns its loop
  def call(input, output)
    sum = 0
    until (number = input.pop).is_a?(Minigun::EndOfStage)
      output << (sum += number)
    end
  end
end

class Custom
  include Minigun::DSL

  pipeline do
    custom_stage Numbers, :numbers, upto: 8
    custom_stage BySize, :by_size, limit: 4
    custom_stage Sums, :sums
    consumer(:print) { |sum| (@sums ||= []) << sum }
    consumer(:large, await: true) { |n| (@large ||= []) << n }
    after_run { puts "sums #{@sums}, large #{@large}" }
  end
end

Custom.new.run

__END__
sums [1, 3, 6, 10], large [5, 6, 7, 8]
