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

  # Ends the user blocks of a run that is being cancelled. Not a StandardError, so
  # that a `rescue` in a block doesn't swallow it.
  class Cancelled < Exception; end # rubocop:disable Lint/InheritException
end
