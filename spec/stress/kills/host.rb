# frozen_string_literal: true

module Kills
  # The process a trial's pipeline runs in, leader of a group of its own. Leaves a report in a file.
  class Host
    # Seconds without an item that came through after which workers are spared until one does: whoever
    # kills them all for ten ends the run.
    PATIENCE = 3
    # Lines of what it ended with.
    FRAMES = 20

    def initialize(plan, report)
      @plan = plan
      @report = report
      @kills = 0
    end

    def live
      Process.setpgid(0, 0)
      Process.setrlimit(:CORE, 0)
      $stderr.reopen(File::NULL)
      Minigun.logger = Logger.new(IO::NULL)
      warm_up
      Points.set(@plan) if %i[points parent_points].include?(@plan.how)
      before = belongings
      leave(examine(before))
    rescue Exception => e # rubocop:disable Lint/RescueException
      leave({ fault: e.full_message(highlight: false).lines.first(FRAMES).join })
    ensure
      exit!(true)
    end

    private

    # The whole report or none: who kills the host may strike while it writes.
    def leave(report)
      draft = "#{@report}.draft"
      File.binwrite(draft, Marshal.dump(report))
      File.rename(draft, @report)
    end

    # Ruby opens descriptors of its own at its first thread, fork and wait, and keeps them.
    def warm_up
      calm = @plan.dup.tap { |plan| plan.how, plan.items, plan.work = :none, 2, 0 }
      Program.of(calm).new.run
      belongings
    end

    def examine(before)
      job = Program.of(@plan).new
      ended = with_killer(job) { run(job) }
      taken = Points.taken(@plan)
      { seen: job.seen, counts: job.counts, ended: ended, kills: @kills + taken, children: children,
        left: left(before), result: figures(job) }
    end

    def run(job)
      @plan.how == :drain ? drained(job) : job.run
      :ended
    rescue SignalException
      :signalled
    end

    # A signal as a user would send it; the run ends as it can, and then the signal takes its course.
    def drained(job)
      killer = Thread.new do
        sleep @plan.delay
        Process.kill(:INT, Process.pid)
      end
      task = job.class._minigun_task
      Minigun::Runner.new(task, job).run
      killer.join
    end

    def figures(job)
      result = job.last_result
      deaths = result&.errors&.select { |failure| failure.error.is_a?(Minigun::WorkerDied) }
      result && { balanced: result.stages.all?(&:balanced?), failed: result.error_count,
                  died: deaths.map { |death| death.item.first }, deaths: result.worker_deaths }
    end

    def with_killer(job)
      stop = !%i[workers stop drain].include?(@plan.how)
      random = Random.new(@plan.seed)
      killer = Thread.new do
        until stop
          sleep random.rand(0.0..(2 * @plan.every))
          hit(children.sample(random: random), random) unless barren?(job)
        end
      end
      yield
    ensure
      stop = true
      killer.join
    end

    def barren?(job)
      now, through = Process.clock_gettime(Process::CLOCK_MONOTONIC), job.seen.size
      @through, @since = through, now unless @through == through
      now - @since > PATIENCE
    end

    def hit(pid, random)
      return unless pid

      if @plan.how == :stop
        Process.kill(:STOP, pid)
        sleep random.rand(0.0..0.02)
        Process.kill([:CONT, :KILL].sample(random: random), pid)
      else
        Process.kill(@plan.signals.sample(random: random), pid)
      end
      @kills += 1
    rescue Errno::ESRCH
      nil
    end

    def children
      Dir["/proc/self/task/*/children"].flat_map do |path|
        File.read(path).split.map(&:to_i)
      rescue Errno::ENOENT, Errno::ESRCH # a thread that has ended meanwhile
        []
      end
    end

    def belongings
      { descriptors: Dir.children("/proc/self/fd").size - 1, segments: File.foreach("/proc/self/maps").grep(/ rw-s /).size }
    end

    # What is there that wasn't before, once threads and descriptors have had a moment to go.
    def left(before)
      100.times do
        break if belongings.all? { |what, number| number <= before[what] }

        sleep 0.01
      end
      belongings.select { |what, number| number > before[what] }
    end
  end
end
