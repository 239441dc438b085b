# frozen_string_literal: true

module Kills
  # The pipeline of a trial: items go through one or two forked stages and are noted in the parent. Each
  # forked stage also counts its items in an instance variable, which write-back has to bring along.
  module Program
    module_function

    # @return [Class]
    def of(plan)
      Class.new do
        include Minigun::DSL
        attr_reader :seen, :counts

        max_retries(plan.how == :poison ? 1 : 100_000)
        define_method(:initialize) do
          @plan = plan
          @seen = []
          @counts = Hash.new(0)
        end

        def work(item, stage)
          Process.kill(:KILL, Process.pid) if @plan.poisonous.include?(item)
          deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond) + @plan.work
          nil while Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond) < deadline
          @counts[stage] += 1
        end

        pipeline do
          producer(:numbers) { |output| @plan.items.times { |number| output << [number, "x" * @plan.size] } }
          plan.stages.each_with_index do |kind, stage|
            send(kind, 2) do
              processor(:"work#{stage}", ordered: plan.ordered) do |item, output|
                work(item[0], stage)
                Points.at(:before_emit)
                output << item
                Points.at(:after_emit)
              end
            end
          end
          consumer(:note) { |number, text| @seen << (text.size == @plan.size ? number : :torn) }
        end
      end
    end
  end
end
