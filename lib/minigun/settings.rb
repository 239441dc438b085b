# frozen_string_literal: true

module Minigun
  # The settings of a class, a task and its pipelines: which there are, and what
  # they are unless somebody says otherwise.
  module Settings
    DEFAULTS = {
      max_threads: 5, max_processes: 2, max_retries: 3,
      accumulator_max_single: 2000, accumulator_max_all: 4000, accumulator_check_interval: 100,
      use_ipc: false
    }.freeze

    # Settings with a word of their own, in classes and in `pipeline` blocks.
    WORDS = %i[max_threads max_processes max_retries max_ractors default_queue_size default_queue_bytes batch_size consumer_type
               pipe_timeout use_compression gc_probability
               on_error retries backoff dead_letter max_errors max_error_rate
               drain_timeout shutdown_timeout stall_after].freeze

    KNOWN = [*DEFAULTS.keys, *WORDS, :default_context, :execution, :timeout, :write_back, :ordered].to_h { |name| [name, true] }.freeze

    # The known ones of some settings over the defaults.
    def self.over_defaults(config)
      DEFAULTS.merge(config).keep_if { |setting, _| KNOWN.key?(setting) }
    end
  end
end
