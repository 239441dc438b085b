# frozen_string_literal: true

class BatchProgram
  include Minigun::DSL
  attr_reader :sum

  def initialize(count)
    @count = count
    @sum = 0
  end

  producer(:numbers) { @count.times { |number| emit number } }
  accumulator :pack, max_size: 1000
  consumer(:add) { |numbers| @sum += numbers.sum }
end

lambda do |count|
  job = BatchProgram.new(count)
  job.run
  job.sum
end
