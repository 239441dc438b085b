# frozen_string_literal: true

# Whose log is of no interest: RSpec.describe "...", :unlogged do
module Unlogged
  def without_log
    logger = Minigun.logger
    Minigun.logger = Logger.new(File::NULL)
    yield
  ensure
    Minigun.logger = logger
  end
end
