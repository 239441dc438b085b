# frozen_string_literal: true

# Where stages run: named contexts, options of a stage, a default of the class.
#
#   ruby -Ilib examples/contexts.rb
require "minigun"

class Contexts
  include Minigun::DSL
  execution :thread, 2 # of non-terminal stages that say nothing else

  pipeline do
    execution_context :heavy, :cow_fork, 2

    producer(:source) { |output| output << [] }
    processor(:ordinary) { |pids, output| output << (pids + [Process.pid]) }
    processor(:named, execution_context: :heavy) { |pids, output| output << (pids + [Process.pid]) }
    processor(:option, processes: 1) { |pids, output| output << (pids + [Process.pid]) }
    cow_fork(:word, max: 1) { |pids, output| output << (pids + [Process.pid]) }
    consumer(:print) do |pids|
      places = pids.map { |pid| pid == Process.pid ? "parent" : "child" }
      puts places.join(", "), "#{pids.uniq.size} processes"
    end
  end
end

Contexts.new.run

__END__
parent, child, child, child
4 processes
