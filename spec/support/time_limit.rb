# frozen_string_literal: true

# A hang is a failure. Each example has a time limit, by default SPEC_TIME_LIMIT or 30 seconds, for
# those under spec/stress four times as long; `limit: seconds` at an example or group sets another.
# When it is up, the backtraces of all threads go to standard error and the example fails. One that
# can't even be interrupted takes the whole suite with it, a little later, and the native stacks of all
# its processes are told before.
module TimeLimit
  class Expired < Exception; end # rubocop:disable Lint/InheritException

  DEFAULT = Float(ENV.fetch("SPEC_TIME_LIMIT", 30))
  GRACE = 20
  FRAMES = 60

  module_function

  def watch(example)
    limit = limit_of(example.metadata)
    runner = Thread.current
    watchdog = Thread.new { bark(example, runner, limit) }
    watchdog.name = "time limit"
    watchdog.report_on_exception = false
    yield
  ensure
    watchdog&.kill&.join
  end

  def limit_of(metadata)
    metadata[:limit] || (metadata[:stress] ? DEFAULT * 4 : DEFAULT)
  end

  def bark(example, runner, limit)
    sleep limit
    GC.stress = false # or telling what hangs takes longer than the hang
    dump("#{example.location} #{example.full_description}: not done after #{limit} s")
    runner.raise(Expired, "not done after #{limit} s")
    sleep GRACE
    dump("#{example.location}: can't be interrupted, giving up")
    warn Stacks.of(Process.pid)
    exit!(1)
  end

  def dump(title)
    lines = Thread.list.flat_map do |thread|
      ["  #{thread.inspect}", *(thread.backtrace(0, FRAMES) || []).map { |frame| "    #{frame}" }]
    end
    warn "", title, *lines
  end
end
