# frozen_string_literal: true

if ENV["COVERAGE"]
  require "simplecov"
  SimpleCov.start { enable_coverage :branch }
end

require "minigun"

Dir[File.join(__dir__, "support", "*.rb")].each { |path| require path }

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.order = :random
  config.expect_with(:rspec) { |expectations| expectations.syntax = :expect }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }
  config.shared_context_metadata_behavior = :apply_to_host_groups

  config.define_derived_metadata(file_path: %r{/spec/stress/}) { |metadata| metadata[:stress] = true }

  config.include WaitUntil
  config.include LeakCheck
  config.include Unlogged
  config.before(:context, :interrupting) { AllLoaded.now }
  config.around { |example| TimeLimit.watch(example) { LogCheck.watch { Collector.during_example { example.run } } } }
  config.around(:each, :unlogged) { |example| without_log { example.run } }
  config.around(:each, :no_leaks) { |example| without_leaks { example.run } }
end
