# frozen_string_literal: true

module Minigun
  module Compiler
    # The queues that lead into a pipeline from outside and out of it: hidden steps, which
    # are in no graph and no statistics.
    module OutsideQueues
      # What comes last in such a queue.
      LAST = :END_OF_QUEUE

      module_function

      # Adds a producer for each input queue, and what takes the output of terminal stages
      # for each output queue.
      #
      # @param layout [Layout]
      def lay_out(layout)
        layout.runs.each { |run| lead_in(layout, run) if run.pipeline.input_queues.any? }
        root = layout.runs.first
        root.outlets = root.pipeline.output_queues.map do |name, queue|
          layout.add_hidden(root, writer(name, queue)).tap { |node| node.targets = [] }
        end
      end

      def lead_in(layout, run)
        entries = run.nodes.values_at(*run.pipeline.dag.downstream(Routing::INPUT)).compact
        return if entries.empty?

        run.pipeline.input_queues.each do |queue|
          node = layout.add_hidden(run, reader(queue))
          entries.each { |entry| node.link(entry) }
        end
      end

      # Tells the readers of a pipeline's output queues that nothing more comes.
      #
      # @param wait [Boolean] for room in a queue that is full
      def close(pipeline, wait:)
        pipeline.output_queues.each_value do |queue|
          wait || !queue.respond_to?(:max) ? queue.push(LAST) : queue.push(LAST, true)
        rescue ThreadError, ClosedQueueError
          next
        end
      end

      def reader(queue)
        stage(:producer, "_input", ->(output) { until (item = queue.pop).equal?(LAST) do output << item end })
      end

      def writer(name, queue)
        stage(:consumer, "_output #{name}", ->(item) { queue.push(item) })
      end

      def stage(word, name, block)
        type = word == :producer ? ProducerStage : ConsumerStage
        type.new(name: name, block: block).declare(word, Signature.of(word, block))
      end
      private_class_method :lead_in, :reader, :writer, :stage
    end
  end
end
