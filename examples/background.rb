# frozen_string_literal: true

# A run in the background: look at it, wait for it, stop it.
#
#   ruby -Ilib examples/background.rb
require "minigun"

class Background
  include Minigun::DSL

  def initialize
    @gate = Queue.new
  end

  def open_gate = @gate << :open

  pipeline do
    producer(:source) do |output|
      @gate.pop
      3.times { |n| output << n }
    end
    consumer(:print) { |n| puts n }
  end
end

job = Background.new
job.run(background: true)
puts "running: #{job.running?}"
job.open_gate
job.wait
puts "running: #{job.running?}"

job.run(background: true)
job.stop # the gate never opened
puts "running: #{job.running?}"

__END__
*
running: true
0
1
2
running: false
*
running: false
