# frozen_string_literal: true

module Bench
  # Ways to get through items that wait, several at a time, as one would write them without minigun.
  module Waiting
    SECONDS = 0.005

    module_function

    def threads(count, workers)
      queue = SizedQueue.new(1000)
      done = Queue.new
      pool = Array.new(workers) { Thread.new { work(queue, done) } }
      count.times { |number| queue << number }
      workers.times { queue << :end }
      pool.each(&:join)
      done.size
    end

    def work(queue, done)
      while (number = queue.pop) != :end
        sleep SECONDS
        done << number
      end
    end

    def parallel(count, workers)
      Parallel.map(0...count, in_threads: workers) { sleep SECONDS }.size
    end

    def concurrent(count, workers)
      pool = Concurrent::FixedThreadPool.new(workers)
      done = Queue.new
      count.times do |number|
        pool.post do
          sleep SECONDS
          done << number
        end
      end
      pool.shutdown
      pool.wait_for_termination
      done.size
    end
  end
end
