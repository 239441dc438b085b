# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Has a process collect its garbage early where large items come in, so that their memory is used
      # again while it is in the caches: a new page costs a page fault. Ruby itself would wait for 16 to
      # 32 MB of them. How often depends on what it costs here, which a large heap makes dear.
      class Tidying
        # Bytes of large items between two collections. What needs more is left to Ruby.
        BYTES = (4 << 20)..(16 << 20)
        # Bytes for each second that a collection took: a third of what their pages would take.
        WORTH = 8e9
        # Collections by which to judge: the first also pays for what the fork left shared.
        TRIAL = 2

        # Young objects that make a collection dear where each page that is written to is copied first.
        MANY = 20_000

        # Collects garbage in the parent before it forks, where a collection is soon due: after the fork each
        # process would do it for itself, and copy the pages of all young objects to note their age.
        # And gives free memory back that the allocator keeps: each fork would have to share its pages, each
        # child to let go of them, and who uses them again would get copies of what is worth nothing.
        # @return [void]
        def self.before_forks
          stat = GC.stat
          young = stat[:heap_live_slots].to_i - stat[:old_objects].to_i
          new.collect if young > MANY && young > stat[:heap_free_slots].to_i
          Exchange.trim_memory
        end

        def initialize
          @bytes = 0
          @due = BYTES.begin
          @trial = TRIAL
        end

        # @param bytes [Integer] of large items that have come in since the last call
        # @return [void]
        def after(bytes)
          return unless @due && (@bytes += bytes) >= @due

          @bytes = 0
          seconds = collect
          @due = due_after(seconds) if (@trial -= 1) <= 0
        end

        # @return [Float] seconds; nothing is done where the program has turned the collector off
        def collect
          return 0.0 if collector_off?

          from = Clock.now
          GC.start(full_mark: false)
          Clock.now - from
        end

        private

        # @return [Integer, nil] nil: never
        def due_after(seconds)
          due = [(seconds * WORTH).to_i, BYTES.begin].max
          due if BYTES.cover?(due)
        end

        # Ruby tells only who changes it.
        def collector_off? = GC.disable.tap { |off| GC.enable unless off }
      end
    end
  end
end
