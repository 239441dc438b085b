# frozen_string_literal: true

module Minigun
  module Native
    # Makes segments of the native steps of a program: each run of native stages that only
    # feed one another is one chain. Its first step drives it, and sends on what the last one
    # emits in the name of that; those in between see no items of their own.
    module Fuse
      LONGEST = 32

      module_function

      # @param steps [Array<Step>]
      def fuse(steps)
        taken = {}
        heads, others = steps.select { |step| native?(step) }.partition { |step| !continues?(steps, step) }
        [*heads, *others].each do |step|
          until step.nil? || taken[step.index]
            chain = chain_from(steps, step)
            chain.each { |member| taken[member.index] = true }
            place(chain, steps)
            step = (chain.last.targets.map { |index| steps[index] }).find { |next_one| follows?(chain.last, next_one) }
          end
        end
      end

      def native?(step) = step.stage&.native?

      # Is the step one of the middle or the end of a chain?
      def continues?(steps, step)
        step.upstreams.size == 1 && follows?(steps[step.upstreams.first], step)
      end

      def follows?(before, step)
        native?(before) && native?(step) && before.targets == [step.index] && step.upstreams == [before.index] &&
          !step.stage.producer? && step.await.nil? && before.stage.manner == step.stage.manner && !replaces?(before)
      end

      # What takes the place of a record is Ruby's, and enters the next stage by its queue.
      def replaces?(step) = !step.stage.producer? && step.policy&.fetch(:on_error, nil).respond_to?(:call)

      def chain_from(steps, head)
        chain = [head]
        while chain.size < LONGEST
          following = steps[chain.last.targets.first] if chain.last.targets.size == 1
          break unless following && !chain.include?(following) && follows?(chain.last, following)

          chain << following
        end
        chain
      end

      def place(chain, steps)
        chain.each do |step|
          step.context = :thread
          step.affinity = step.workers = nil
          step.ordered = false
          step.max_workers = 1
          step.receives = :item
          step.callable = step.stage
        end
        chain.first.context = :native
        chain.first.callable = Segment.new(chain, before: steps.values_at(*chain.first.upstreams),
                                                  after: steps.values_at(*chain.last.targets))
      end
    end
  end
end
