# frozen_string_literal: true

# The newer dialect: a `pipeline` block evaluated on the instance, and blocks
# that take the output as their last parameter. `emit` works beside it.
#
#   ruby -Ilib examples/output.rb
require "minigun"

class Words
  include Minigun::DSL

  def initialize(text)
    @text = text
  end

  pipeline do
    producer(:split) { |output| @text.split.each { |word| output << word } }
    processor(:both) { |word, output| output << word << word.reverse }
    processor(:short) { |word| emit word if word.size < 4 }
    consumer(:print) { |word| puts word }
  end
end

Words.new("few and far between").run

__END__
few
wef
and
dna
far
raf
