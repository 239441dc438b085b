# frozen_string_literal: true

class ForkCpuProgram
  include Minigun::DSL
  attr_reader :sum

  def initialize(count)
    @count = count
    @sum = 0
  end

  max_processes 2
  producer(:numbers) { @count.times { |number| emit number } }
  accumulator :pack, max_size: 500
  consumer(:work, strategy: :spawn_fork) do |numbers|
    Array(numbers).each do |number|
      spent = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 0.002
      nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < spent
      @sum += number
    end
  end
end

lambda do |count|
  job = ForkCpuProgram.new(count)
  job.run
  job.sum
end
