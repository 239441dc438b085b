# frozen_string_literal: true

class FanProgram
  include Minigun::DSL
  attr_reader :sum

  def initialize(count)
    @count = count
    @sum = 0
  end

  producer(:numbers, to: %i[one two three four]) { @count.times { |number| emit number } }
  processor(:one, to: :add) { |number| emit number + 1 }
  processor(:two, to: :add) { |number| emit number + 2 }
  processor(:three, to: :add) { |number| emit number + 3 }
  processor(:four, to: :add) { |number| emit number + 4 }
  consumer(:add) { |number| @sum += number }
end

lambda do |count|
  job = FanProgram.new(count)
  job.run
  job.sum
end
