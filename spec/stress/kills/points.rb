# frozen_string_literal: true

module Kills
  # Places in the life of a worker and of its parent where a process can be made to kill itself: before
  # and after the steps of the exchange between the two, which are methods, and within a stage's block.
  module Points
    METHODS = { worker: %i[enter take arm rest outputs reply], parent: %i[watch send_chunk send_signal receive vacate] }.freeze
    BOTH_SIDES = ->(names) { names.flat_map { |name| [:"before_#{name}", :"after_#{name}"] } }
    WORKER = [*BOTH_SIDES.call(METHODS[:worker]), :before_emit, :after_emit].freeze
    PARENT = [*BOTH_SIDES.call(METHODS[:parent]), :before_close].freeze

    class << self
      # From here on this process and those it forks die at the plan's point, when they come there for
      # the nth time; as often as the plan has it, over all of them.
      def set(plan)
        @point, @nth, @signals, @random = plan.point, plan.nth, plan.signals, Random.new(plan.seed)
        @in_parent = plan.parent?
        @lives, filler = IO.pipe
        filler.write("." * plan.deaths)
        @filler = filler
        @main = Process.pid
        @met = 0
        Minigun::Execution::Exchange.prepend(Watch)
      end

      # How many lives have been taken.
      def taken(plan)
        return 0 unless @lives

        @filler.close
        plan.deaths - @lives.read.size
      end

      def at(point)
        return unless @point == point && @in_parent == (Process.pid == @main)
        return if (@met += 1) < @nth || @lives.read_nonblock(1, exception: false) != "."

        Process.kill(@in_parent ? :KILL : @signals.sample(random: @random), Process.pid)
        sleep
      end
    end

    # Around the methods of an exchange.
    module Watch
      METHODS.values.flatten.each do |name|
        define_method(name) do |*arguments|
          Points.at(:"before_#{name}")
          super(*arguments).tap { Points.at(:"after_#{name}") }
        end
      end

      def close
        Points.at(:before_close)
        super
      end
    end
  end
end
