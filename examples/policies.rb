# frozen_string_literal: true

# What becomes of items that fail: tried again, replaced, sent to a stage for dead letters, timed
# out; and the result, which tells the fate of each.
#
#   ruby -Ilib examples/policies.rb
require "minigun"

class Prices
  include Minigun::DSL

  max_errors 10 # of all stages together; one more stops the run

  def initialize = (@tries, @lines = Hash.new(0), [])

  producer(:symbols) { %w[AAA BBB CCC DDD EEE FFF].each { |symbol| emit symbol } }

  processor(:fetch, retries: 3, backoff: 0.001, timeout: 0.5, dead_letter: :complain) do |symbol|
    emit [symbol, price_of(symbol)]
  end
  processor(:convert, on_error: ->(error, (symbol, _)) { error.is_a?(ZeroDivisionError) ? [symbol, 0] : :skip }) do |symbol, price|
    emit [symbol, 1000 / Integer(price)]
  end
  consumer(:store) { |symbol, price| @lines << "#{symbol} #{price}" }
  consumer(:complain, await: true) { |letter| @lines << "#{letter.item}: #{letter.error.message}, #{letter.attempts} attempts" }

  after_run { puts @lines.sort }

  private

  def price_of(symbol)
    raise IOError, "connection reset" if symbol == "BBB" && (@tries[symbol] += 1) < 3
    raise IOError, "unknown symbol" if symbol == "CCC"

    { "DDD" => 0, "EEE" => "n/a" }.fetch(symbol, 10)
  end
end

Minigun.logger = Logger.new(File::NULL) # errors are logged; here they shall not be
job = Prices.new
job.run
puts job.last_result
fetch = job.last_result.stage(:fetch)
puts "fetch: #{fetch.accepted} = #{fetch.done} done + #{fetch.dead} dead"

__END__
AAA 100
BBB 100
CCC: unknown symbol, 4 attempts
DDD 0
FFF 100
2 items were not delivered: 1 skipped, 1 dead letter (fetch: 1 of 6, convert: 1 of 5)
fetch: 6 = 5 done + 1 dead
