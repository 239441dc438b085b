# frozen_string_literal: true

module Bench
  # One way to do the work of a benchmark: runs its body, checks the result, keeps the seconds.
  class Contender
    attr_reader :name, :group, :items, :seconds, :memory

    def initialize(name, items, check, body, group: nil, prepare: nil)
      @name = name
      @prepare = prepare
      @group = group
      @items = items
      @check = check
      @body = body
      @seconds = []
    end

    def run(items = @items)
      input = @prepare ? @prepare.call(items) : items
      GC.start
      started = now
      result = @body.call(input)
      elapsed = now - started
      raise "#{name}: wrong result #{result.inspect[0, 200]}" unless @check.nil? || @check.call(result, items)

      elapsed
    end

    def warm_up = run([@items / 10, 1].max)

    def measure = @seconds << run

    # In a child, so that every contender starts from the same memory.
    def measure_memory
      return unless Machine.measures_memory?

      reader, writer = IO.pipe
      pid = Process.fork do
        GC.start
        Machine.forget_peak
        before = Machine.resident
        run
        writer.write([Machine.peak - before].pack("q"))
        exit!(true)
      rescue StandardError => e
        warn e.full_message
        exit!(false)
      end
      writer.close
      Process.wait(pid)
      @memory = reader.read.unpack1("q")
      reader.close
    end

    def nanoseconds = seconds.map { |value| value * 1e9 / items }

    private

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # The same program on the original gem, in a process of its own: two gems of one name don't mix.
  class Original < Contender
    RUNNER = File.join(__dir__, "original.rb")

    def initialize(program, items, check, group: nil)
      super([group, "the original"].compact.join(": "), items, check, nil, group: group)
      @program = File.expand_path("../programs/#{program}.rb", __dir__)
    end

    def run(items = @items)
      lib = File.join(File.expand_path(ENV.fetch("ORIGINAL")), "lib")
      answer = IO.popen([RbConfig.ruby, "-I", lib, RUNNER, @program, items.to_s], &:read)
      raise "the original failed" unless $?.success?

      seconds, result, @memory = Marshal.load(answer)
      raise "the original: wrong result #{result.inspect[0, 200]}" unless @check.nil? || @check.call(result, items)

      seconds
    end

    def measure_memory; end
  end
end
