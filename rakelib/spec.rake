# frozen_string_literal: true

require "rspec/core/rake_task"

RSpec::Core::RakeTask.new(spec: :compile) { |task| task.verbose = false }

desc "Check what compilers cannot: the walls between the rooms"
task walls: :compile do
  ruby "spec/walls.rb", verbose: false
end
