# frozen_string_literal: true

module Kills
  # Runs a plan in a process of its own and judges what comes of it.
  class Trial
    LIMIT = 40 # seconds
    # Seconds that workers have to follow their parent.
    ORPHANED = 3

    attr_reader :plan, :kills

    def initialize(plan)
      @plan = plan
      @kills = 0
    end

    # @return [String, nil] what is wrong
    def run
      Dir.mktmpdir("minigun-kills") do |folder|
        report = File.join(folder, "report")
        host = Process.fork { Host.new(@plan, report).live }
        kill_later(host) if @plan.how == :parent
        return hang(host) unless ended?(host)

        stray = stray(host)
        return "left #{stray.size} processes behind: #{stray}" unless stray.empty?

        judge(File.exist?(report) ? Marshal.load(File.binread(report)) : nil)
      end
    end

    private

    # The run takes that long to come up, more or less; then it works, then it ends.
    def kill_later(host)
      sleep 0.02 + @plan.delay
      Process.kill(:KILL, host)
    rescue Errno::ESRCH
      nil
    end

    def ended?(host)
      deadline = now + LIMIT
      until Process.wait(host, Process::WNOHANG)
        return false if now > deadline

        sleep 0.002
      end
      true
    end

    def hang(host)
      stacks = (members(host) - Stacks.family(host)).map { |pid| Stacks.one(pid) }.unshift(Stacks.of(host))
      Process.kill(:KILL, -host)
      Process.wait(host)
      "hangs after #{LIMIT} s:\n#{stacks.join("\n")}"
    end

    # Members of the host's group that are still there a while after it.
    def stray(host)
      deadline = now + ORPHANED
      sleep 0.002 until members(host).empty? || now > deadline
      members(host).tap { |pids| Process.kill(:KILL, -host) unless pids.empty? }
    rescue Errno::ESRCH
      []
    end

    def members(group)
      Dir["/proc/[0-9]*/stat"].filter_map do |path|
        fields = File.read(path).rpartition(")").last.split
        path[/\d+/].to_i if fields[2].to_i == group && fields[0] != "Z"
      rescue SystemCallError
        nil
      end
    end

    def judge(report)
      if @plan.parent?
        @kills = 1
        return report && report[:fault]
      end
      return "the host is gone without a report" unless report
      return report[:fault] if report[:fault]

      @kills = @plan.how == :poison ? report[:result][:deaths] : report[:kills]
      faults(report).first
    end

    def faults(report)
      [
        (wrong_items(report) unless @plan.how == :drain),
        (twice(report[:seen])),
        ("zombies or live children: #{report[:children]}" unless report[:children].empty?),
        ("left open: #{report[:left]}" unless report[:left].empty?),
        ("the ledger is out of balance" if report[:result] && !report[:result][:balanced]),
        (wrong_deaths(report) if @plan.how != :drain)
      ].compact
    end

    def wrong_items(report)
      expected = (0...@plan.items).to_a - @plan.poisonous
      seen = report[:seen]
      return "torn items" if seen.include?(:torn)
      return "lost: #{(expected - seen).first(20)}" unless (expected - seen).empty?
      return "out of order" if @plan.ordered && seen != expected

      counts = report[:counts].values_at(*@plan.stages.each_index)
      "write-back brought #{counts} for #{expected.size} items" unless counts.all?(expected.size)
    end

    def twice(seen)
      again = seen.tally.select { |_, times| times > 1 }
      "delivered more than once: #{again.first(20)}" unless again.empty?
    end

    def wrong_deaths(report)
      failed, died = report[:result].values_at(:failed, :died)
      return if failed == @plan.poisonous.size && died.sort == @plan.poisonous

      "#{failed} failed, and by name #{died}, instead of #{@plan.poisonous}"
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
