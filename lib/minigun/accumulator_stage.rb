# frozen_string_literal: true

module Minigun
  # A stage that packs items into Arrays and passes those on, through its block
  # if it has one.
  #
  #   Minigun::AccumulatorStage.new(name: :pack, options: { max_size: 50 }).max_size # => 50
  class AccumulatorStage < ConsumerStage
    DEFAULT_MAX_SIZE = 100

    # @return [Integer] items in a batch
    def max_size = options[:max_size] || DEFAULT_MAX_SIZE

    # @return [Numeric, nil] seconds after which a batch that isn't full is passed on
    def max_wait = options[:max_wait]

    def producer? = false

    def accumulator? = true

    # The block's value for the batch, or the batch itself.
    def execute(context, batch = nil, *)
      block ? super : batch
    end

    # What leaves the stage for one batch.
    def execute_with_emit(context, batch)
      return [batch] unless block

      value = nil
      emitted = Minigun.collect_emits(context) { value = execute(context, batch) }
      emitted.empty? && signature.receives == :item ? [value] : emitted
    end

    private

    def call_base = :batch

    def own_signature
      @own_signature ||= block || !respond_to?(:call) ? Signature.of(:accumulator, block) : super
    end
  end
end
