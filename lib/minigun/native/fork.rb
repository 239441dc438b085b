# frozen_string_literal: true

module Minigun
  module Native
    # Keeps the threads of native stages out of all libraries while the process forks.
    module Fork
      def _fork
        Native.send(:quiesce)
        pid = nil
        begin
          pid = super
        ensure
          Native.send(:resume, pid == 0) # rubocop:disable Style/NumericPredicate
        end
      end

      # Once per process and its children.
      def self.guard
        return if @guarded

        Process.singleton_class.prepend(self) if Process.respond_to?(:_fork)
        @guarded = true
      end
    end
  end
end
