# frozen_string_literal: true

# A subclass inherits stages, adds some and reroutes others; methods it overrides are found.
#
#   ruby -Ilib examples/inheritance.rb
require "minigun"

class Report
  include Minigun::DSL

  producer(:rows) { rows.each { |row| emit row } }
  processor(:format) { |row| emit row.join(" = ") }
  consumer(:print) { |line| puts line }

  def rows = [["a", 1]]
end

class LoudReport < Report
  processor(:shout, to: :print) { |line| emit line.upcase }
  reroute_stage :format, to: :shout

  def rows = super + [["b", 2]]
end

Report.new.run
LoudReport.new.run

__END__
a = 1
A = 1
B = 2
