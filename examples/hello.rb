# frozen_string_literal: true

# The smallest pipeline: stages in order of definition, items passed on by `emit`.
#
#   ruby -Ilib examples/hello.rb
require "minigun"

class Hello
  include Minigun::DSL

  producer(:names) { %w[Ada Grace Barbara].each { |name| emit name } }
  processor(:greet) { |name| emit "Hello, #{name}" }
  consumer(:print) { |text| puts text }
end

count = Hello.new.run
puts "#{count} items"

__END__
Hello, Ada
Hello, Grace
Hello, Barbara
3 items
