# frozen_string_literal: true

module Minigun
  # Queues by name: `emit_to_queue` sends to one, the option `queues:` subscribes a stage
  # to some. A queue is a hidden step that hands each item to all subscribers, wherever
  # they stand, and that waits for items as an awaited stage does.
  module Subscriptions
    # The queue of ordinary output, which edges carry.
    DEFAULT = :default

    # A queue as the target of an output.
    Queue = Struct.new(:name) unless const_defined?(:Queue, false)

    module_function

    # The names of the queues, but the default one, that a stage subscribes to.
    #
    # @return [Array<Symbol>]
    def of(stage) = Names.keys(stage.given_options[:queues]).uniq - [DEFAULT]

    # Does a stage take nothing but what comes through its queues?
    def only?(stage)
      queues = stage.given_options[:queues] or return false

      queues = Names.keys(queues)
      queues.any? && !queues.include?(DEFAULT)
    end

    # Adds a node for each queue that is subscribed to.
    #
    # @param layout [Compiler::Layout]
    # @return [Hash{Symbol => Compiler::Node}] by the name of the queue
    def lay_out(layout)
      subscribers = Hash.new { |table, queue| table[queue] = [] }
      layout.nodes.each { |node| of(node.stage).each { |queue| subscribers[queue] << node } if node.stage.given_options[:queues] }
      subscribers.each { |queue, nodes| nodes.each { |node| takes_items!(node, queue) } }
      subscribers.to_h { |queue, nodes| [queue, layout.add_distributor("queue #{queue}", nodes)] }
    end

    # @raise [ArgumentError]
    def refuse(queue, known)
      raise ArgumentError, "no stage subscribes to the queue #{queue.inspect}#{Options.hint(queue, known)}; " \
                           "give one the option queues: [#{queue.inspect}]"
    end

    def takes_items!(node, queue)
      return unless node.stage.producer?

      raise Error, "#{Options.place(node.run.pipeline, node.stage)}: it only produces " \
                   "and can't take items from the queue #{queue.inspect}"
    end
    private_class_method :takes_items!
  end
end
