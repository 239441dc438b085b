# frozen_string_literal: true

require_relative "balance"
require_relative "crew"
require_relative "intake"
require_relative "overdue"
require_relative "sizing"
require_relative "tidying"
require_relative "work"

module Minigun
  module Execution
    # Drives a step whose items are worked on in child processes: persistent ones that items are sent
    # to (ipc_fork), or ones forked for items they inherit (cow_fork).
    class ForkPool
      # Items given to a worker at once, at most.
      MOST = 8192
      # Seconds that workers with nothing more to do, and nothing to flush, have to leave.
      LEAVE = 5

      # @param run [Run]
      # @param step [Step]
      # @param user_object [Object]
      def initialize(run, step, user_object)
        @run = run
        @work = Fork::Work.new(run, step, user_object)
        @results = Fork::Results.new(run, @work)
      end

      # Forks the persistent workers. Called before the run's threads start.
      # @return [void]
      def prepare
        @crew = Fork::Crew.new(@run, @work, @results)
        @sizing = Fork::Sizing.new(@work.persistent? ? Fork::Sizing::CHUNK : Fork::Sizing::FORK, MOST)
        @balance = Fork::Balance.new(@crew, @sizing, @work.persistent? ? Fork::Sizing::CHUNK : Fork::Sizing::FORK / 10)
        @overdue = Fork::Overdue.new(@crew, @work.timeout) if @work.timeout
        @tidying = Fork::Tidying.new
        @work.prepare
        fork_workers if @work.persistent?
        @work.forget
      end

      # Works until the input has ended and all of it is settled.
      # @return [void]
      def drive(input, _output)
        @intake = Fork::Intake.new(input, @work, @results.order)
        @results.connect(input, @intake)
        step until finished?
        dismiss
      ensure
        input.ignore
      end

      # Ends what is left of the workers. Idempotent.
      # @return [void]
      def shutdown
        @crew&.close
        @crew = nil
      end

      # Ends the workers by force, from any thread and from a signal handler.
      # @return [void]
      def kill
        @crew&.workers&.each { |worker| worker.child.kill_at_once }
      end

      private

      def fork_workers
        Fork::Tidying.before_forks
        ChildProcess.aside { @crew.hire while @crew.free_places.positive? }
      end

      def finished? = @intake.empty? && !@crew.busy?

      def step
        attend
        return if finished? || (wants_input? && !@intake.quiet?(@crew.exchange))

        @crew.exchange.wait([@crew.patience, @balance.patience, @intake.due, @overdue&.patience].compact.min)
      end

      # Takes in what has come, gives out what there is, and sees that nobody is idle who need not be.
      def attend
        Fork::Worker::WINDOW.times do
          more = @crew.listen(@sizing) { |portion| @intake.again(portion) }
          give_out # before the next message, so that nobody runs dry meanwhile
          break unless more
        end
        share
        @overdue&.look
        @results.flush
        @tidying.after(@crew.exchange.large_bytes)
      end

      # Whether more input should be put to use at once, and not when the next result comes.
      def wants_input?
        @intake.open? && !@intake.waiting? && room? && (most == 1 || hungry?)
      end

      # Whether someone will have nothing to do soon.
      def hungry?
        @crew.free_places.positive? ||
          @crew.workers.any? { |worker| worker.room? && worker.left * (@sizing.cost || 0) < Fork::Sizing::CHUNK }
      end

      def room? = @crew.free_places.positive? || @crew.workers.any?(&:room?)

      def most = @sizing.size

      def give_out
        while room?
          portion = next_portion or break
          @work.persistent? ? send_portion(portion) : (@crew.hire(portion) || @intake.again(portion))
        end
      end

      def next_portion
        @intake.redo || begin
          waiting = @intake.look(@work.persistent? ? most : most * @crew.free_places)
          @intake.take(@work.persistent? ? most : fair_share(waiting)) || @intake.redo
        end
      end

      # Several items may share a child, but not while others could be working.
      def fair_share(waiting) = [waiting.fdiv(@crew.free_places).ceil, most].min.clamp(1, MOST)

      def send_portion(portion)
        worker = @crew.workers.select(&:room?).min_by { |one| one.chunks.size }
        worker = @crew.hire || worker if worker.nil? || (!worker.idle? && @crew.free_places.positive?)
        return @intake.again(portion) unless worker

        rejected = []
        taken = worker.give(portion, rejected)
        rejected.each do |index, error|
          @results.refuse(portion.part(index, 1), Fork::Fault.unsendable(error, "go to"))
        end
        @intake.again(portion.part(taken, portion.size - taken)) if taken < portion.size
      end

      # Gives what some have too much of to those that have nothing.
      def share
        while !@intake.waiting? && (portion = @balance.surplus)
          @intake.again(portion)
          give_out
        end
      end

      # Lets the workers go that lived on until now. What they have done is known already.
      def dismiss
        deadline = Clock.now + LEAVE
        until @crew.workers.empty?
          @crew.workers.each(&:stop)
          nil while @crew.listen(@sizing) { |portion| @intake.again(portion) }
          @results.flush
          deadline = Clock.now + LEAVE if @crew.flushing? && !@run.cancelled?
          return @crew.kill_late if Clock.now > deadline

          @crew.exchange.wait([@crew.patience, ((deadline - Clock.now) * 1000).ceil + 1].compact.min) unless @crew.workers.empty?
        end
      end
    end
  end
end
