# frozen_string_literal: true

# `stage { |input, output| }` is called once and takes its items itself: for windows,
# pairs, merges, everything that looks at more than one item.
#
#   ruby -Ilib examples/loop_stage.rb
require "minigun"

class Windows
  include Minigun::DSL

  pipeline do
    producer(:values) { |output| [3, 1, 4, 1, 5].each { |n| output << n } }
    stage(:windows) do |input, output|
      window = []
      until (n = input.pop).is_a?(Minigun::EndOfStage)
        window = [*window, n].last(3)
        output << window if window.size == 3
      end
    end
    consumer(:print) { |window| puts "#{window} mean #{(window.sum / 3.0).round(1)}" }
  end
end

Windows.new.run

__END__
[3, 1, 4] mean 2.7
[1, 4, 1] mean 2.0
[4, 1, 5] mean 3.3
