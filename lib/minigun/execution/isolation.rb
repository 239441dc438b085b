# frozen_string_literal: true

module Minigun
  module Execution
    # What the Ruby at hand can do with ractors, and whether a block can be moved into one.
    module Isolation
      # Instructions that depend on the block's self or on what only the main ractor has.
      BOUND = /\b(putself|invokesuper\w*|(get|set)(instancevariable|classvariable|global))\b/
      private_constant :BOUND

      @lock = Mutex.new
      @ractors = []

      class << self
        # @return [Boolean] whether this Ruby has ractors that can be trusted
        def ractors? = refusal.nil?

        # From Ruby 3.3 until ractors got ports a thread of the main ractor may wait for a collection of
        # garbage with its scheduler locked, while the collector waits for a ractor that wants that lock:
        # the whole process stands still, and not even a signal is heard any more.
        # @return [String, nil] why no ractor is used here
        def refusal
          return "this Ruby has no ractors" unless defined?(::Ractor)

          fragile = (RUBY_VERSION.split(".").map(&:to_i) <=> [3, 3]) >= 0 && !defined?(::Ractor::Port)
          "ractors of Ruby #{RUBY_VERSION} can deadlock beside threads" if fragile
        end

        # Starts a ractor that runs the block.
        # @return [Ractor, nil] nil if the block has to stay where it is
        def ractor(block, *arguments)
          return unless ractors? && unbound?(block)

          create(*arguments, &block)
        rescue ArgumentError # outer locals
          nil
        end

        # Waits for the end of a ractor.
        # @return [Object] the value of its block
        # @raise what the block raised
        def value(ractor)
          return watched_value(ractor) unless ractor.respond_to?(:value)

          begin
            return ractor.value
          rescue Ractor::RemoteError => e
            error = e.cause || e
          end
          raise error # not in the rescue clause, where it would become its own cause's cause
        end

        # A copy of the block that any ractor may call.
        # @return [Proc]
        # @raise [ArgumentError, Ractor::Error] why there can't be one
        def shareable(block)
          return block if Ractor.shareable?(block)

          # From Ruby 4.0 on there is a way that doesn't ask for a self that can be shared.
          Ractor.respond_to?(:shareable_proc) ? Ractor.shareable_proc(&block) : Ractor.make_shareable(block.dup)
        end

        # @return [Boolean] whether a call of that name stands in the block
        def calls?(block, name)
          instructions(block)&.match?(/\bmid:#{name}\b/) || false
        end

        # As Ractor.new, for a ractor that says neither that it is experimental nor what its block
        # raises: that is for whoever takes its value. No ractor has a setting of its own for that.
        #
        # It is kept from the collector until it has ended, in child processes for good: up to Ruby 3.4
        # a child crashes when it frees a ractor that was at work or waiting in its parent.
        # @return [Ractor]
        def create(*arguments, &block)
          @lock.synchronize do
            warns = Warning[:experimental]
            reports = Thread.report_on_exception
            Warning[:experimental] = Thread.report_on_exception = false
            keep(Ractor.new(*arguments, &block))
          ensure
            Warning[:experimental] = warns
            Thread.report_on_exception = reports
          end
        end

        # Called in a ractor.
        # @return [Array(Object, Exception)] the value of another's block, or else what it raised
        # @api private
        def outcome(ractor)
          [ractor.take, nil]
        rescue Ractor::RemoteError => e
          [nil, e.cause || e]
        end

        private

        # Lock held.
        def keep(ractor)
          @owner ||= Process.pid
          if @owner == Process.pid
            @ractors.reject! { |other| other.inspect.include?(" terminated") }
          else
            @inherited = [@inherited, @ractors]
            @ractors = []
            @owner = Process.pid
          end
          @ractors << ractor
          ractor
        end

        # A second ractor takes what the first leaves, an exception too: a thread of Ruby 3.3 that selects
        # among several turns for ever when one of them raises.
        def watched_value(ractor)
          heir = create(ractor) { |other| Isolation.outcome(other) }
          message = RactorWatch.watch(heir, once: true).pop
          raise message.error if message.error

          value, error = message.value
          error ? raise(error) : value
        ensure
          RactorWatch.ignore(heir) if heir
        end

        def unbound?(block)
          text = instructions(block)
          !text.nil? && !block.lambda? && !BOUND.match?(text)
        end

        # @return [String, nil] nil if the block isn't Ruby, or this Ruby doesn't show
        def instructions(block)
          return unless defined?(RubyVM::InstructionSequence)

          RubyVM::InstructionSequence.of(block)&.disasm
        end
      end
    end
  end
end

require_relative "ractor_watch"
