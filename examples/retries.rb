# frozen_string_literal: true

# A circle at run time: what fails goes to an awaited stage, which sends it back.
# The run ends when no item is left anywhere, not earlier and not later.
#
#   ruby -Ilib examples/retries.rb
require "minigun"

class Retrying
  include Minigun::DSL

  pipeline do
    producer(:jobs) { |output| %w[easy hard harder].each { |job| output << [job, 1] } }
    processor(:try) do |(job, attempt), output|
      needed = { "easy" => 1, "hard" => 2, "harder" => 3 }.fetch(job)
      attempt < needed ? output.to(:again) << [job, attempt] : output << [job, attempt]
    end
    consumer(:print) { |job, attempt| (@lines ||= []) << "#{job}: attempt #{attempt}" }
    processor(:again, await: true) { |(job, attempt), output| output.to(:try) << [job, attempt + 1] }
    after_run { puts @lines.sort }
  end
end

Retrying.new.run

__END__
easy: attempt 1
hard: attempt 2
harder: attempt 3
