# frozen_string_literal: true

# Two kinds of children. `cow_fork` forks for work at hand and inherits everything
# the parent has, so items need not be marshalable; `ipc_fork` keeps workers, with their state.
#
#   ruby -Ilib examples/processes.rb
require "minigun"

class Processes
  include Minigun::DSL
  attr_reader :results

  def initialize
    @results = []
  end

  pipeline do
    producer(:tasks) do |output|
      @table = { 1 => "one", 2 => "two" } # seen by children forked later
      [1, 2].each { |n| output << -> { @table.fetch(n) } }
    end
    cow_fork(2) { processor(:call) { |task, output| output << [task.call, Process.pid] } }
    ipc_fork(1) do
      processor(:measure) do |(word, pid), output|
        @model ||= "model loaded once" # lives as long as the worker
        output << [word, @model, [pid, Process.pid]]
      end
    end
    consumer(:keep) { |result| @results << result } # in the parent
  end
end

job = Processes.new
job.run
job.results.sort.each { |word, model, _pids| puts "#{word}: #{model}" }
puts "in three processes: #{job.results.all? { |_, _, pids| [*pids, Process.pid].uniq.size == 3 }}"

__END__
one: model loaded once
two: model loaded once
in three processes: true
