# frozen_string_literal: true

class IoProgram
  include Minigun::DSL

  def initialize(count)
    @count = count
    @done = Queue.new
  end

  def done_count = @done.size

  max_threads 50
  producer(:numbers) { @count.times { |number| emit number } }
  consumer(:wait) do |number|
    sleep 0.005
    @done << number
  end
end

lambda do |count|
  job = IoProgram.new(count)
  job.run
  job.done_count
end
