# frozen_string_literal: true

module Minigun
  # The hooks of one pipeline, stored by name and resolved when it runs.
  class Hooks
    PIPELINE_TYPES = %i[before_run after_run before_fork after_fork].freeze
    STAGE_TYPES = %i[before after before_fork after_fork].freeze

    NONE = [].freeze

    # @return [Hash{Symbol => Array<Proc>}] hooks of the pipeline itself
    attr_reader :pipeline_level
    # @return [Hash{Symbol => Hash{Symbol => Array<Proc>}}] hooks of stages, by type and name
    attr_reader :stage_level
    # @return [Array<Proc>] called when the last producer has ended
    attr_reader :after_producer

    def initialize
      @pipeline_level = { before_run: [], after_run: [], before_fork: [], after_fork: [] }
      @stage_level = { before: Names::Table.new, after: Names::Table.new,
                       before_fork: Names::Table.new, after_fork: Names::Table.new }
      @after_producer = []
      @inline = Names::Table.new
    end

    def initialize_copy(other)
      super
      @pipeline_level = other.pipeline_level.transform_values(&:dup)
      @stage_level = other.stage_level.transform_values do |by_name|
        by_name.each_with_object(Names::Table.new) { |(name, hooks), copy| copy[name] = hooks.dup }
      end
      @after_producer = other.after_producer.dup
      @inline = @inline.dup
    end

    # Appends a hook of the pipeline.
    def add(type, hook)
      return @after_producer << hook if type == :after_producer

      list = @pipeline_level.fetch(type) do
        raise Error, "unknown hook #{type.inspect}: use one of #{[*PIPELINE_TYPES, :after_producer].join(", ")}"
      end
      list << hook
    end

    # Appends a hook of a stage, which need not exist yet.
    def add_to_stage(type, name, hook)
      by_name = @stage_level.fetch(type) do
        raise Error, "unknown stage hook #{type.inspect}: use one of #{STAGE_TYPES.join(", ")}"
      end
      (by_name[name] ||= []) << hook
    end

    # Sets the hooks given with the definition of a stage, in place of those that
    # an earlier definition brought.
    def define_inline(name, hooks)
      return if hooks.empty? && @inline.empty?

      @inline.delete(name)&.each { |type, hook| @stage_level[type][name]&.delete_if { |each| each.equal?(hook) } }
      return if hooks.empty?

      @inline[name] = hooks
      hooks.each { |type, hook| add_to_stage(type, name, hook) }
    end

    # Has no stage any hooks?
    def none_of_stages?
      @stage_level.each_value { |by_name| return false unless by_name.empty? }
      true
    end

    # The stages named by hooks.
    # @return [Array<Symbol>]
    def stage_names = @stage_level.each_value.flat_map(&:keys).uniq

    # The hooks of one type for one stage.
    def of_stage(type, name)
      by_name = @stage_level[type]
      by_name.empty? ? NONE : by_name[name] || NONE
    end
  end
end
