# frozen_string_literal: true

module Minigun
  # Base of all errors that minigun raises itself.
  class Error < StandardError; end

  # The same stage name twice in one pipeline, within `pipeline` blocks.
  class StageNameConflict < Error; end

  # A stage name that matches several stages equally well.
  class AmbiguousRoutingError < Error; end

  # A closed queue or transport was written to.
  class ClosedError < Error; end

  # An object that belongs to another process was used.
  class ForkedError < Error; end

  # The books of a run don't balance: a bug in minigun, never silent.
  class InternalError < Error; end

  # More items failed than max_errors or max_error_rate allow: the run was stopped.
  class TooManyErrors < Error; end

  # A dead letter could not be delivered: the run was stopped, so that it isn't lost silently.
  class DeadLetterError < Error; end

  # A stage took longer over an item than its timeout allows. Raised in the stage's block.
  class ItemTimeout < Error; end

  # A run that was to end early did not finish in time what it had accepted.
  class DrainTimeout < Error; end

  # The stages of a run wait for each other, or for what can't come.
  class StallError < Error; end

  # An exception of a child process that can't be rebuilt in the parent.
  class RemoteError < Error
    # @return [String] name of the class the exception had in the child
    attr_reader :original_class

    def initialize(message = nil, original_class: nil)
      super(message)
      @original_class = original_class
    end
  end

  # A worker process ended with items in its hands.
  class WorkerDied < Error
    # @return [Integer] the worker's process id
    attr_reader :pid
    # @return [Integer, nil] the signal that ended it
    attr_reader :signal
    # @return [Process::Status, nil] how it ended; nil if nobody could tell
    attr_reader :status
    # @return [Symbol, String, nil] name of its stage
    attr_reader :stage
    # @return [Object, nil] the item it was working on
    attr_reader :item

    def initialize(message = nil, pid: nil, signal: nil, status: nil, stage: nil, item: nil)
      super(message)
      @pid, @signal, @status, @stage, @item = pid, signal, status, stage, item
    end
  end

  # A native stage failed, could not be opened, or could not be loaded.
  class NativeError < Error
    # @return [Integer, nil] the stage's place in its chain, from 0
    attr_reader :stage
    # @return [Integer, nil] the stage's own number for what went wrong
    attr_reader :code

    def initialize(message = nil, stage: nil, code: nil)
      super(message)
      @stage, @code = stage, code
    end
  end

  # Ends a producer whose items are wanted no more: the run drains, or the stages it
  # feeds have ended. Not a StandardError, for the reason Cancelled isn't.
  class Stopped < Exception; end # rubocop:disable Lint/InheritException

  # Ends the user blocks of a run that is being cancelled. Not a StandardError, so
  # that a `rescue` in a block doesn't swallow it.
  class Cancelled < Exception; end # rubocop:disable Lint/InheritException
end
