# frozen_string_literal: true

# `spawn_fork` handles batches in child processes. What they change in the
# instance variables of the object is there after the run, as if no process had been in between.
#
#   ruby -Ilib examples/fork_batches.rb
require "minigun"

class Squares
  include Minigun::DSL
  max_processes 2
  attr_reader :squares, :pids, :total

  def initialize
    @squares = []
    @pids = []
    @total = 0
  end

  producer(:numbers) { (1..9).each { |n| emit n } }
  accumulator(:pack, max_size: 4)
  before_fork(:work) { puts "about to fork" }
  after_fork(:work) { @connection = "connection of process #{Process.pid}" }
  spawn_fork(:work) do |batch|
    raise "no connection" unless @connection.end_with?(Process.pid.to_s)

    @pids << Process.pid
    batch.each do |n|
      @squares << (n * n)
      @total += n
    end
  end
end

job = Squares.new
job.run
puts job.squares.sort.inspect
puts job.total
puts "in other processes: #{job.pids.none?(Process.pid)}"

__END__
about to fork
[1, 4, 9, 16, 25, 36, 49, 64, 81]
45
in other processes: true
