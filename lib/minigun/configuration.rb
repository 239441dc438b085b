# frozen_string_literal: true

module Minigun
  # Settings of the whole process.
  class Configuration
    DEFAULT_QUEUE_SIZE = 1000

    # @return [Integer] capacity of a stage's queue where neither stage nor class say otherwise
    attr_accessor :default_queue_size
    # @return [Boolean] whether stages may run together in one worker, and be parted while they run.
    #   False gives each a worker and a queue of its own: slower, with the same results, for finding
    #   out whether a fault is minigun's. MINIGUN_FUSE=off in the environment does the same.
    attr_accessor :fuse

    def initialize
      @default_queue_size = DEFAULT_QUEUE_SIZE
      @fuse = ENV["MINIGUN_FUSE"] != "off"
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
