# frozen_string_literal: true

require_relative "../child_process"
require_relative "child"
require_relative "chunk"

module Minigun
  module Execution
    module Fork
      # The parent's hold on one worker process and what it has to do.
      class Worker
        # Chunks in a worker's hands at once: one in work, and enough that neither it nor the parent
        # has to wait for the other after each of them.
        WINDOW = 8

        # @return [Integer] of the exchange
        attr_reader :place
        # @return [Array<Chunk>] oldest first
        attr_reader :chunks
        # @return [ChildProcess]
        attr_reader :child
        # @return [Integer] inputs it has done that its stage may keep until it flushes
        attr_accessor :kept
        # @return [Boolean] whether it was told to stop
        attr_accessor :leaving
        # @return [Numeric, nil] the timeout in seconds that it was ended for
        attr_accessor :overdue

        # Forks.
        # @param work [Work]
        # @param portion [Portion, nil] what a worker is forked for; nil if it lives on
        def initialize(exchange, place, work, portion = nil)
          @exchange, @place = exchange, place
          @chunks = portion ? [Chunk.new(0, portion, 0)] : []
          @sequence = @kept = 0
          @lasting = portion.nil?
          parent = Process.pid
          exchange.grant(place, 0, portion.size) if portion
          @child = ChildProcess.new { Child.new(exchange, place, work, parent).live(portion&.units) }
          @watched = exchange.watch(place, @child.pid)
        end

        def pid = @child.pid

        # Whether it lives until it is told to stop.
        def lasting? = @lasting

        def idle? = @chunks.empty?

        # Units in its hands whose results have not come.
        def left = @chunks.sum(&:left)

        # Whether it can be given more.
        def room? = @lasting && !@leaving && @chunks.size < WINDOW && !@exchange.unsent?(@place)

        # @return [Boolean] whether it has ended; what it sent before may still be unread
        def ended? = @watched ? @exchange.ended?(@place) : @child.exited?

        # Whether its end wakes a wait of the exchange.
        def watched? = @watched

        # Sends as much of a portion as makes a message.
        # @param rejected [Array] gets index and exception of units that can't be sent
        # @return [Integer] units dealt with, rejected ones included
        def give(portion, rejected)
          sequence = @sequence + 1
          taken = @exchange.send_chunk(@place, Child::CHUNK, sequence, portion.units, 0, portion.size, rejected)
          sent = taken == portion.size ? portion : portion.part(0, taken)
          sent = sent.without(rejected.map(&:first))
          return taken if sent.size.zero?

          @chunks << Chunk.new(@sequence = sequence, sent, 0)
          taken
        end

        # Sends on what had no room before.
        # @return [Boolean] is some still left?
        def send_on = @exchange.unsent?(@place)

        # Tells it to end.
        def stop
          return if @leaving || !@lasting || @exchange.unsent?(@place)

          @exchange.send_signal(@place, Child::STOP)
          @leaving = true
        end

        # Its next message.
        def receive = @exchange.receive(@place)

        # Counts units of a chunk as finished.
        # @return [Portion] those units
        def finish(sequence, count, last)
          chunk = @chunks.find { |one| one.sequence == sequence } or raise InternalError, "an unknown chunk"
          finished = last && count == chunk.size ? chunk.portion : chunk.portion.part(chunk.done, count)
          chunk.done += count
          @chunks.delete_if { |one| one.equal?(chunk) } if last
          finished
        end

        # Units it has not begun, that could be taken back.
        def unbegun = @chunks.sum { |chunk| unbegun_of(chunk) }

        # Whether it is at work on what it was given.
        def begun? = !@chunks.empty? && @exchange.claim(@place, @chunks.first.sequence).first.positive?

        # Whether nothing it was given is still its to do.
        def done? = @chunks.all? { |chunk| @exchange.claim(@place, chunk.sequence)[1] <= chunk.done }

        # What it is at work on, as something that changes from item to item; nil for nothing.
        def item_in_hand
          return if @chunks.empty?

          begun, _, in_hand = @exchange.claim(@place, @chunks.first.sequence)
          [@chunks.first.sequence, begun] if in_hand && begun.positive?
        end

        # Something that changes as it gets on.
        def progress = @chunks.map { |chunk| [chunk.sequence, *@exchange.claim(@place, chunk.sequence)] }

        # Takes back what it has not begun of the last of its chunks that has such: half of it, or all.
        # @return [Portion, nil]
        def take_back(all)
          chunk = @chunks.reverse_each.find { |one| unbegun_of(one).positive? } or return
          begun, limit, = @exchange.claim(@place, chunk.sequence)
          keep = all || !chunk.equal?(@chunks.first) ? begun : begun + (limit - begun) / 2
          _, keep, = @exchange.revoke(@place, chunk.sequence, keep)
          chunk.portion.part(keep, limit - keep) if keep < limit
        end

        # What it leaves behind.
        # @return [Array(Portion, Array<Portion>)] the unit it died of, if any, and those to do again
        def remains
          fatal = nil
          others = @chunks.flat_map do |chunk|
            begun, limit, in_hand = @exchange.claim(@place, chunk.sequence)
            died_of = begun - 1 if in_hand && begun > chunk.done
            next [chunk.portion.part(chunk.done, limit - chunk.done)] unless died_of

            fatal = chunk.portion.part(died_of, 1)
            [chunk.portion.part(chunk.done, died_of - chunk.done), chunk.portion.part(begun, limit - begun)]
          end
          [fatal, others.reject { |portion| portion.size.zero? }]
        end

        private

        def unbegun_of(chunk)
          begun, limit, = @exchange.claim(@place, chunk.sequence)
          limit - begun
        end
      end
    end
  end
end
