# frozen_string_literal: true

module Bench
  # Work for two processes, as one would write it without minigun: pipes, with Marshal, and batches so
  # that a message pays.
  module Processes
    WORKERS = 2
    BATCH = 500
    # Batches on their way to a worker, so that it need not wait for the next.
    AHEAD = 2

    module_function

    # Sends the items there and has what the block makes of each of them back.
    # @yieldparam results [Array] of a batch, in the parent
    def pipes(items, work, batch: BATCH)
      batches = items.each_slice(batch)
      workers = []
      WORKERS.times { workers << start(work, workers) }
      workers.each { |worker| AHEAD.times { feed(worker, batches) } }
      workers.reject! { |worker| worker[:left].zero? && finish(worker) }
      until workers.empty?
        ready, = IO.select(workers.map { |worker| worker[:from] })
        ready.each do |from|
          worker = workers.find { |one| one[:from] == from }
          yield Marshal.load(from)
          feed(worker, batches)
          workers.delete(finish(worker)) if (worker[:left] -= 1).zero?
        end
      end
    end

    def start(work, others)
      down, to = IO.pipe(binmode: true)
      from, up = IO.pipe(binmode: true)
      pid = Process.fork do
        [to, from, *others.flat_map { |other| other.values_at(:to, :from) }].each(&:close)
        begin
          loop { Marshal.dump(Marshal.load(down).map(&work), up) }
        rescue EOFError
          nil
        end
        up.flush
        exit!(true)
      end
      [down, up].each(&:close)
      feeder = Queue.new
      thread = Thread.new do
        while (batch = feeder.pop)
          Marshal.dump(batch, to)
        end
        to.close
      end
      { pid: pid, to: to, from: from, feeder: feeder, thread: thread, left: 0 }
    end

    # A thread writes, since a worker that can't write its results doesn't read either.
    def feed(worker, batches)
      worker[:feeder] << batches.next
      worker[:left] += 1
    rescue StopIteration
      nil
    end

    def finish(worker)
      worker[:feeder] << nil
      worker[:thread].join
      Process.wait(worker[:pid])
      worker[:from].close
      worker
    end

    # The same with the gem.
    def parallel(items, work, &results)
      yield Parallel.map(items, in_processes: WORKERS, &work)
    end
  end
end
