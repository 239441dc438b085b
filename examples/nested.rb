# frozen_string_literal: true

# Pipelines inside pipelines. What comes from upstream and what own producers make is
# merged; what the last stages write goes to the targets of the whole.
#
#   ruby -Ilib examples/nested.rb
require "minigun"

class Import
  include Minigun::DSL
  attr_reader :rows, :bad

  def initialize(live, backlog)
    @live = live
    @backlog = backlog
    @rows = []
    @bad = []
  end

  pipeline do
    producer(:live) { |output| @live.each { |text| output << text } }

    pipeline :clean, to: :store do
      producer(:backlog) { |output| @backlog.each { |text| output << text } }
      pipeline :parse do
        processor(:strip) { |text, output| output << text.strip }
        processor(:number) { |text, output| text =~ /\A\d+\z/ ? output << Integer(text) : output.to(:reject) << text }
      end
      batch 2
    end

    consumer(:store) { |numbers| @rows.concat(numbers) }
    consumer(:reject, await: true) { |text| @bad << text }
  end
end

import = Import.new([" 1", "x ", "2 "], ["10", "20"])
import.run
puts "stored #{import.rows.sort}, rejected #{import.bad}"

__END__
stored [1, 2, 10, 20], rejected ["x"]
