# frozen_string_literal: true

module Minigun
  # Settings of the whole process.
  class Configuration
    DEFAULT_QUEUE_SIZE = 1000

    # @return [Integer] capacity of a stage's queue where neither stage nor class say otherwise
    attr_accessor :default_queue_size

    def initialize
      @default_queue_size = DEFAULT_QUEUE_SIZE
    end
  end

  @configuration ||= Configuration.new

  class << self
    # @return [Configuration] the settings of this process
    attr_reader :configuration

    # Changes settings.
    #
    #   Minigun.configure { |config| config.default_queue_size = 100 }
    def configure
      yield configuration
    end

    def default_queue_size = configuration.default_queue_size
  end
end
