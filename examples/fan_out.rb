# frozen_string_literal: true

# Routes with `to:` and `from:`: one stage feeds two, both feed the last.
#
#   ruby -Ilib examples/fan_out.rb
require "minigun"

class Prices
  include Minigun::DSL

  def initialize
    @lines = []
  end

  producer(:prices, to: %i[net gross]) { [100, 250].each { |cents| emit cents } }
  processor(:net, to: :collect) { |cents| emit ["net", cents] }
  processor(:gross) { |cents| emit ["gross", cents * 120 / 100] }
  consumer(:collect, from: :gross) { |line| @lines << line }
  after_run { @lines.sort.each { |kind, cents| puts "#{kind} #{cents}" } }
end

Prices.new.run

__END__
gross 120
gross 300
net 100
net 250
