# frozen_string_literal: true

class ForkThereAndBackProgram
  include Minigun::DSL

  def initialize(count)
    @count = count
    @back = []
  end

  def sum = @back.size

  max_processes 2
  producer(:numbers) { @count.times { |number| emit number } }
  consumer(:work, strategy: :fork_ipc) { |number| @back << number }
end

lambda do |count|
  job = ForkThereAndBackProgram.new(count)
  job.run
  job.sum
end
