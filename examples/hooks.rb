# frozen_string_literal: true

# Hooks: around the run, around a producer, around each item.
#
#   ruby -Ilib examples/hooks.rb
require "minigun"

class Traced
  include Minigun::DSL

  before_run { puts "run starts" }
  after_run { puts "run ends, #{@checked} checked" }

  producer(:source, before: -> { puts "source opens" }, after: -> { puts "source closes" }) do
    2.times { |n| emit n }
  end

  before(:check) { @checked = (@checked || 0) + 1 }
  processor(:check) { |n| emit n }
  after(:check) { puts "  an item was checked" }
  consumer(:keep) { |n| @last = n }
end

Traced.new.run

__END__
run starts
source opens
source closes
  an item was checked
  an item was checked
run ends, 2 checked
