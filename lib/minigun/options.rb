# frozen_string_literal: true

module Minigun
  # What options and settings may be. A wrong value is refused before anything
  # runs; an option nobody knows is kept, and a near miss gets a warning.
  module Options
    POSITIVE = ["a positive Integer", ->(value) { value.is_a?(Integer) && value.positive? }].freeze
    COUNT = ["zero or a positive Integer", ->(value) { value.is_a?(Integer) && !value.negative? }].freeze
    SECONDS = ["a positive number of seconds", ->(value) { value.is_a?(Numeric) && value.positive? }].freeze
    RATE = ["a number between 0 and 1", ->(value) { value.is_a?(Numeric) && value.between?(0, 1) }].freeze
    BOOLEAN = ["true or false", ->(value) { [true, false].include?(value) }].freeze
    CAPACITY = ["a positive Integer, or 0, false or Float::INFINITY for no bound", lambda do |value|
      value == false || value == Float::INFINITY || COUNT.last.call(value)
    end].freeze
    AWAIT = ["true, false or a number of seconds", lambda do |value|
      [true, false].include?(value) || (value.is_a?(Numeric) && !value.negative?)
    end].freeze
    BACKOFF = ["a number of seconds, or something to call with the attempt", lambda do |value|
      value.respond_to?(:call) || (value.is_a?(Numeric) && !value.negative?)
    end].freeze
    SECONDS_OR_NOT = ["a positive number of seconds, or false", lambda do |value|
      value == false || SECONDS.last.call(value)
    end].freeze
    ERROR_POLICIES = %i[skip raise dead_letter].freeze
    ON_ERROR = [":skip, :raise, :dead_letter or something to call", lambda do |value|
      ERROR_POLICIES.include?(value) || value.respond_to?(:call)
    end].freeze
    CALLABLE = ["something to call", ->(value) { value.respond_to?(:call) }].freeze
    ROUTING = [":broadcast or :round_robin", ->(value) { %i[broadcast round_robin].include?(value) }].freeze

    QUEUES = ["a name or an Array of names", lambda do |value|
      Array(value).all? { |name| name.is_a?(Symbol) || name.is_a?(String) }
    end].freeze

    POLICY = {
      on_error: ON_ERROR, retries: COUNT, backoff: BACKOFF, dead_letter: ["", ->(_) { true }],
      max_errors: POSITIVE, max_error_rate: RATE, timeout: SECONDS, write_back: BOOLEAN
    }.freeze
    STAGE = {
      max_size: POSITIVE, max_wait: SECONDS, threads: POSITIVE, processes: POSITIVE, queue_size: CAPACITY,
      queue_bytes: CAPACITY, max_queue: CAPACITY, await: AWAIT, queues: QUEUES, routing: ROUTING, ordered: BOOLEAN,
      workers: POSITIVE, symbols: BOOLEAN, ack: CALLABLE, nack: CALLABLE, max_retries: COUNT
    }.merge(POLICY).freeze
    SETTINGS = {
      max_threads: POSITIVE, max_processes: POSITIVE, max_retries: COUNT, max_ractors: POSITIVE,
      default_queue_size: CAPACITY, default_queue_bytes: CAPACITY, batch_size: POSITIVE, ordered: BOOLEAN, drain_timeout: SECONDS_OR_NOT,
      shutdown_timeout: SECONDS, stall_after: SECONDS_OR_NOT
    }.merge(POLICY).freeze
    OTHERS = %i[to from before after before_fork after_fork strategy execution execution_context max fork native].freeze
    KNOWN = [*STAGE.keys, *SETTINGS.keys, *OTHERS].uniq.freeze

    # What has no effect on a built-in stage, and what does.
    OF_ACCUMULATORS = { max_size: "accumulators have it", max_wait: "accumulators have it" }.freeze
    OF_OTHERS = { size: "use max_size:", batch_size: "use max_size:", workers: "use threads: or processes:" }.freeze
    WITHOUT_EFFECT = { true => OF_OTHERS, false => OF_ACCUMULATORS.merge(OF_OTHERS.slice(:workers)) }.freeze

    # Looking for a name among more costs more than it is worth.
    MOST_KNOWN = 1000

    module_function

    # Options given as a Hash and as keywords.
    # @return [Hash] one of the two, where the other is empty
    def together(options, more)
      return options if more.empty? && !options.empty?

      options.empty? ? more : options.merge(more)
    end

    # Refuses wrong options of a stage.
    def check_stage(pipeline, stage)
      stage.given_options.each do |option, value|
        rule = STAGE[option]
        if rule
          refuse(place(pipeline, stage), option, value, rule) unless value.nil? || rule.last.call(value)
        elsif !KNOWN.include?(option)
          near(option, KNOWN) { |match| warn_of(place(pipeline, stage), option, match) }
        end
      end
    end

    # Warns of options that a stage does nothing with; what a class of the user makes of them is its affair.
    def check_effect(pipeline, stage)
      return unless StageLoop::BUILT_IN.include?(stage.class)

      (WITHOUT_EFFECT[stage.accumulator?].keys & stage.given_options.keys).each do |option|
        Minigun.logger.warn("#{place(pipeline, stage)}: #{option}: has no effect here; " \
                            "#{WITHOUT_EFFECT[stage.accumulator?][option]}")
      end
    end

    # Refuses wrong settings of a pipeline.
    def check_settings(pipeline)
      pipeline.config.each do |setting, value|
        rule = SETTINGS[setting] unless value.nil?
        refuse("pipeline #{pipeline.name.inspect}", setting, value, rule) if rule && !rule.last.call(value)
      end
    end

    # Warns of hooks that name what can have none here: a nested pipeline, a stage of another pipeline,
    # or no stage but nearly one.
    def check_hooks(pipeline)
      known = pipeline.stages.keys
      pipeline.hook_table.stage_names.each do |name|
        if pipeline.stages.key?(name)
          told = "a nested pipeline; use before_run and after_run in it" if pipeline.stages[name].composite?
        else
          told = stranger(name, pipeline, known)
        end
        Minigun.logger.warn("pipeline #{pipeline.name.inspect}: a hook names #{name.inspect}, which is #{told}") if told
      end
    end

    def stranger(name, pipeline, known)
      elsewhere = pipeline.find_stage(name)
      return "a stage of pipeline #{elsewhere.pipeline.name.inspect}; declare it there" if elsewhere&.pipeline

      near(name, known) { |match| "no stage of it; did you mean #{match.inspect}?" }
    rescue AmbiguousRoutingError
      "a stage of several nested pipelines; declare it there"
    end

    # Yields the known name that was probably meant; nil if there is none.
    def near(name, known)
      return if !defined?(DidYouMean::SpellChecker) || known.size > MOST_KNOWN

      match = DidYouMean::SpellChecker.new(dictionary: known).correct(name).first
      yield match if match
    end

    # The end of a message about a name that is not known; empty if none is near.
    def hint(name, known)
      near(name, known) { |match| " (did you mean #{match.inspect.delete('"')}?)" }.to_s
    end

    def place(pipeline, stage) = "pipeline #{pipeline.name.inspect}, stage #{stage.name.inspect}"

    def refuse(where, option, value, rule)
      raise Error, "#{where}: #{option}: must be #{rule.first}, not #{value.inspect}"
    end

    def warn_of(where, option, match)
      Minigun.logger.warn("#{where}: unknown option #{option}: is kept; did you mean #{match}:?")
    end
  end
end
