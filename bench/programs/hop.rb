# frozen_string_literal: true

# In the classic dialect, so that the original can run it as well.
class HopProgram
  include Minigun::DSL
  attr_reader :sum

  def initialize(count)
    @count = count
    @sum = 0
  end

  producer(:numbers) { @count.times { |number| emit number } }
  processor(:first) { |number| emit number + 1 }
  processor(:second) { |number| emit number + 1 }
  processor(:third) { |number| emit number + 1 }
  consumer(:add) { |number| @sum += number }
end

lambda do |count|
  job = HopProgram.new(count)
  job.run
  job.sum
end
