# frozen_string_literal: true

module WaitUntil
  # Polls for a condition that another thread or process brings about. Never sleep a fixed time.
  def wait_until(what = "the condition", within: 5)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + within
    until (value = yield)
      raise "waited #{within} s in vain for #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep 0.001
    end
    value
  end
end
