# frozen_string_literal: true

# Pools of threads for work that waits. A pool really has that many items in hand;
# `ordered: true` restores the order of the input behind it.
#
#   ruby -Ilib examples/thread_pool.rb
require "minigun"

class Fetch
  include Minigun::DSL

  pipeline do
    producer(:pages) { |output| (1..20).each { |n| output << n } }
    thread_pool(10) do
      processor(:fetch, ordered: true) do |n, output|
        sleep 0.05 # a slow server
        output << "page #{n}"
      end
    end
    processor(:parse, threads: 2, ordered: true) { |page, output| output << page.upcase } # the same by option
    consumer(:keep) { |page| (@pages ||= []) << page }
    after_run { puts @pages.first, @pages.last, @pages.size }
  end
end

start = Time.now
Fetch.new.run
puts "much less than one after the other: #{Time.now - start < 0.8}"

__END__
PAGE 1
PAGE 20
20
much less than one after the other: true
