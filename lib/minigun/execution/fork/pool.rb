# frozen_string_literal: true

require_relative "crew"
require_relative "helper"
require_relative "intake"
require_relative "sizing"
require_relative "work"

module Minigun
  module Execution
    # Drives a step whose items are worked on in child processes: persistent ones that items are sent
    # to (ipc_fork), or ones forked for items they inherit (cow_fork).
    class ForkPool
      # Items given to a worker at once, at most.
      MOST = 2048
      # Milliseconds after which work is taken from a worker that doesn't get on while another is idle.
      STUCK = 2

      # @param run [Run]
      # @param step [Step]
      # @param user_object [Object]
      def initialize(run, step, user_object)
        @run = run
        @work = Fork::Work.new(run, step, user_object)
        @results = Fork::Results.new(run, @work)
        @lock = Mutex.new
      end

      # Forks the persistent workers. Called before the run's threads start.
      # @return [void]
      def prepare
        @crew = Fork::Crew.new(@run, @work, @results)
        @sizing = Fork::Sizing.new(@work.persistent? ? Fork::Sizing::CHUNK : Fork::Sizing::FORK, MOST)
        @crew.size.times { @crew.hire } if @work.persistent?
      end

      # Works until the input has ended and all of it is settled.
      # @return [void]
      def drive(input, _output)
        @intake = Fork::Intake.new(input, @work, @results.order)
        @results.connect(input, @intake)
        @helper = Fork::Helper.new(@crew.exchange, @run.method(:cancel)) { @lock.synchronize { attend } }
        step until finished?
        dismiss
      ensure
        @helper&.stop
      end

      # Ends what is left of the workers. Idempotent.
      # @return [void]
      def shutdown
        @crew&.close
        @crew = nil
      end

      # Ends the workers by force, from any thread.
      # @return [void]
      def kill
        @crew&.workers&.each { |worker| worker.child.signal(:KILL) }
      end

      private

      def finished? = @intake.empty? && !@crew.busy?

      def step
        @lock.synchronize do
          attend
          give_out(true)
        end
        return if finished?

        if wants_input?
          take_in
        else
          @helper.wait(patience)
        end
      end

      # Whether more input could be put to use at once.
      def wants_input? = @intake.open? && !@intake.waiting? && room?

      def take_in
        items = @crew.busy? ? @helper.help { @intake.wait(most) } : @intake.wait(most)
        @lock.synchronize { @intake.store(items) }
      end

      # Takes in what has come, and sees that nobody is idle who need not be.
      # @return [Integer, nil] how long to wait, in milliseconds
      def attend
        @crew.listen(@sizing) { |portion| @intake.again(portion) }
        give_out(false)
        share
        patience
      end

      def room? = @crew.free_places.positive? || @crew.workers.any?(&:room?)

      def most = @sizing.size

      # @param look [Boolean] whether to look into the input
      def give_out(look)
        while room?
          portion = next_portion(look) or break
          @work.persistent? ? send_portion(portion) : @crew.hire(portion)
        end
      end

      def next_portion(look)
        @intake.redo || begin
          wanted = @work.persistent? ? most : most * @crew.free_places
          waiting = look ? @intake.look(wanted) : @intake.look(0)
          @intake.take(@work.persistent? ? most : fair_share(waiting))
        end
      end

      # Several items may share a child, but not while others could be working.
      def fair_share(waiting) = [waiting.fdiv(@crew.free_places).ceil, most].min.clamp(1, MOST)

      def send_portion(portion)
        worker = @crew.workers.select(&:room?).min_by { |one| one.chunks.size }
        worker = @crew.hire if worker.nil? || (!worker.idle? && @crew.free_places.positive?)
        rejected = []
        taken = worker.give(portion, rejected)
        rejected.each { |index, error| @results.refuse(portion.part(index, 1), error) }
        @intake.again(portion.part(taken, portion.size - taken)) if taken < portion.size
      end

      # Takes work from one that has more than it can do now, for one that has none.
      def share
        return if @intake.waiting? || !idle_hands?

        loaded = @crew.workers.max_by(&:unbegun)
        return if loaded.nil? || loaded.unbegun.zero?

        portion = loaded.take_back(stuck?(loaded)) if worth_taking?(loaded)
        return unless portion

        @intake.again(portion)
        give_out(false)
      end

      def idle_hands? = @crew.free_places.positive? || @crew.workers.any? { |worker| worker.idle? && worker.room? }

      def worth_taking?(worker)
        worth = @work.persistent? ? Fork::Sizing::CHUNK : Fork::Sizing::FORK / 5
        worker.unbegun * (@sizing.cost || 0) > worth || stuck?(worker)
      end

      # Whether it has not got on since the last look, a while ago.
      def stuck?(worker)
        progress = [worker.pid, worker.progress]
        return @stuck if @looked_at == progress && @stuck

        now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)
        if @looked_at != progress
          @looked_at, @looked, @stuck = progress, now, false
        else
          @stuck = now - @looked >= STUCK
        end
      end

      # How long to wait, in milliseconds; nil for as long as it takes.
      def patience
        return STUCK if idle_hands? && @crew.workers.any? { |worker| worker.unbegun.positive? }

        @crew.patience
      end

      # Lets the workers go that lived on until now.
      def dismiss
        until @crew.workers.empty?
          @lock.synchronize do
            @crew.workers.each(&:stop)
            @crew.listen(@sizing) { |portion| @intake.again(portion) }
          end
          @helper.wait(@crew.patience) unless @crew.workers.empty?
        end
      end
    end
  end
end
