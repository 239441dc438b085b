# frozen_string_literal: true

module Minigun
  # What blocks hand items on with; `emit` itself is native.
  module Emitter
    # Sends an item to the stages that subscribe to a queue with the option `queues:`.
    # The queue `:default` is what `emit` writes to.
    #
    #   producer(:users) { users.each { |user| emit_to_queue(user.vip? ? :fast : :slow, user) } }
    #   consumer(:greet, queues: %i[fast slow]) { |user| ... }
    #
    # @param queue [Symbol, String]
    # @param item [Object]
    # @return [nil]
    # @raise [ArgumentError] no stage subscribes to that queue
    # @raise [Error] no stage runs in this thread
    def emit_to_queue(queue, item)
      output = Minigun.current_output
      output = output.to(Subscriptions::Queue.new(Names.key(queue))) unless Subscriptions::DEFAULT == Names.key(queue)
      output << item
      nil
    end

    # Sends an item to one stage by name, and nowhere else: `output.to(stage) << item` for blocks
    # that take no output.
    #
    #   processor(:sort) { |order| emit_to_stage(order.paid? ? :ship : :remind, order) }
    #
    # @param stage [Symbol, String, Stage]
    # @param item [Object]
    # @return [nil]
    # @raise [ArgumentError] there is no such stage, or it has ended
    # @raise [Error] no stage runs in this thread
    def emit_to_stage(stage, item)
      Minigun.current_output.to(stage) << item
      nil
    end
  end
end
