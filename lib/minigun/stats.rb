# frozen_string_literal: true

require_relative "stats/following"

module Minigun
  # Counters, times and latencies of one stage in one run.
  #
  #   stats = Minigun::Stats.new(:parse)
  #   stats.increment_produced(3)
  #   stats.record_latency(0.002)
  #   stats.total_items # => 3
  #   stats.p50         # => 0.002
  #
  # Latencies are sampled: the first RESERVOIR_SIZE are all kept, of more there are so many, a
  # uniform sample of them all. Every method may be called by any thread.
  class Stats
    include Following

    PERCENTILES = { p50: 50, p90: 90, p95: 95, p99: 99 }.freeze
    private_constant :PERCENTILES

    # @return [Symbol, String] the name as it was given
    attr_reader :stage_name

    # @return [Minigun::Stage, nil]
    attr_reader :stage

    # @param stage_name [Symbol, String]
    # @param is_terminal [Boolean] whether #total_items counts what was consumed, not produced
    # @param stage [Minigun::Stage, nil]
    def initialize(stage_name, is_terminal: false, stage: nil)
      @stage_name = stage_name
      @stage = stage
      @is_terminal = is_terminal
      @items_produced = @items_consumed = @items_failed = 0
      @start_time = @end_time = nil
      @latency_samples = []
      @latency_count = 0
      @latency_skip = @latency_weight = nil
      @run = @index = @counted = @times = nil
    end

    # @return [Boolean]
    def terminal? = @is_terminal ? true : false

    # @return [Time]
    def start! = @start_time = Time.now

    # @return [Time]
    def finish! = @end_time = Time.now

    # @return [Time, nil]
    def start_time = refresh { @start_time }

    # @return [Time, nil]
    def end_time = refresh { @end_time }

    # @return [Integer]
    def items_produced = refresh { @items_produced }

    # @return [Integer]
    def items_consumed = refresh { @items_consumed }

    # @return [Integer]
    def items_failed = refresh { @items_failed }

    # @return [Numeric] seconds from start to end, or until now
    def runtime
      refresh { @start_time ? (@end_time || Time.now) - @start_time : 0 }
    end

    # @return [Integer] consumed items of a terminal stage, produced ones of any other
    def total_items
      refresh { @is_terminal ? @items_consumed : @items_produced }
    end

    # @return [Numeric] items per second
    def throughput
      seconds = runtime
      seconds.zero? ? 0 : total_items / seconds
    end

    # @return [Numeric] seconds
    def time_per_item
      items = total_items
      items.zero? ? 0 : runtime / items
    end

    # @return [Float] percentage of the items that didn't fail
    def success_rate
      items = total_items
      items.zero? ? 100.0 : (items - @items_failed) * 100.0 / items
    end

    # @return [Boolean]
    def latency_data? = !samples.empty?
    alias has_latency_data? latency_data?

    # @return [Integer] how many latencies were recorded, kept or not
    def observations
      refresh { @latency_count.to_i }
    end

    # @param percentage [Numeric] 0 to 100
    # @return [Numeric] the latency in seconds that so many percent of the items don't exceed
    def percentile(percentage)
      percentile_of(samples.sort, percentage)
    end

    # @!method p50
    # @!method p90
    # @!method p95
    # @!method p99
    #   @return [Numeric]
    PERCENTILES.each { |name, percentage| define_method(name) { percentile(percentage) } }

    # @return [Hash{Symbol => Object}] rounded for reading; latencies in milliseconds
    def to_h
      hash = {
        stage_name: stage_name, runtime: runtime.round(2),
        items_produced: @items_produced, items_consumed: @items_consumed,
        items_failed: @items_failed, total_items: total_items,
        throughput: throughput.round(2), time_per_item: time_per_item.round(4),
        success_rate: success_rate.round(2)
      }
      latency_data? ? hash.merge(latency: latency) : hash
    end

    # @return [String] one line
    def to_s
      parts = ["Runtime: #{runtime.round(2)}s", "Items: #{total_items}",
               "Throughput: #{throughput.round(2)} items/s"]
      parts << "Failed: #{@items_failed}" if @items_failed.positive?
      if latency_data?
        times = latency.slice(*PERCENTILES.keys).map { |name, time| "#{name.upcase} #{time} ms" }
        parts << "Latency: #{times.join(", ")}"
      end
      parts.concat(times_in_words)
      "#{stage_name}: #{parts.join(", ")}"
    end

    def inspect = "#<#{self.class} #{self}>"

    # Neither the stage nor the run can leave the process.
    def marshal_dump
      refresh
      (instance_variables - %i[@stage @run]).to_h { |name| [name, instance_variable_get(name)] }
    end

    def marshal_load(state)
      state.each { |name, value| instance_variable_set(name, value) }
      @stage = @run = nil
    end

    private

    def initialize_copy(original)
      super
      @latency_samples = @latency_samples.dup
      @run = nil
    end

    def samples
      refresh { @latency_samples.is_a?(Array) ? @latency_samples : [] }
    end

    def refresh
      run = @run
      take_in(run.counters(@index)) if run
      yield if block_given?
    end

    def latency
      sorted = samples.sort
      times = PERCENTILES.transform_values { |p| (percentile_of(sorted, p) * 1000).round(2) }
      times.merge(samples: sorted.size, observations: observations)
    end

    def percentile_of(sorted, percentage)
      return 0 if sorted.empty?

      place = (percentage * sorted.size / 100.0).ceil - 1
      sorted[place.clamp(0, sorted.size - 1)]
    end
  end
end
