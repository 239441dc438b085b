# frozen_string_literal: true

# The engine's side of a driver, as little as will do: items from an Array or a Queue, outputs and
# failures kept in Arrays.
class FakeRun
  attr_reader :outputs, :failures, :latencies, :consumed, :cancelled, :settled

  def initialize(&call)
    @call = call
    @outputs, @failures, @latencies = [], [], []
    @consumed = @settled = 0
    @lock = Mutex.new
  end

  def publish(_index, target, items)
    raise ArgumentError, "stage #{target} has ended" if target == :ended

    @lock.synchronize { @outputs.concat(target ? items.map { |item| [target, item] } : items) }
  end

  def fail_item(_index, item, error, attempt: nil, attempts: 1, weight: 1)
    @consumed += weight
    @failures << [item, error]
    nil
  end

  def worker_died = nil

  def staffed(_index, _count, _most) = nil

  def report(_index, consumed:, latencies:)
    @consumed += consumed
    @latencies.concat(latencies)
  end

  def lose(_index, count, error)
    @consumed -= count
    @failures << [count, error]
  end

  def cancel(error) = @cancelled ||= error

  def cancelled? = !@cancelled.nil?

  def call_step(_index, items)
    outputs, failures, latencies, fatal = [], [], [], nil
    Minigun::Execution::WorkerGate.each_begun(items) do |item, index|
      latencies << 0.0
      @call.call(item, outputs)
    rescue StandardError => e
      failures << [index, e]
    rescue Exception => e # rubocop:disable Lint/RescueException
      fatal = e
      break
    end
    [outputs.empty? ? [] : [[nil, outputs]], failures, latencies, fatal]
  end

  # Input of a step: what it is made of, then the end; a Queue may be filled meanwhile, its end is nil.
  class Input
    attr_reader :settled

    def initialize(items)
      @items = items
      @settled = 0
      @ended = false
    end

    def take(max, timeout = nil)
      raise ArgumentError, "take at least one item" if max < 1
      return @items.empty? ? nil : @items.shift([max, 256].min) if @items.is_a?(Array)

      from_queue(max, timeout)
    end

    def settle(count) = @settled += count

    def keep(_count) = nil

    def resume(_count) = nil

    def ignore = @listener&.kill&.join

    def listen(exchange)
      ignore
      return false if @ended || !@items.empty? || @items.is_a?(Array)

      @listener = Thread.new do
        sleep 0.001 while @items.empty?
        exchange.wake
      end
      true
    end

    private

    def from_queue(max, timeout)
      return if @ended

      taken = []
      while taken.size < max && !(timeout && @items.empty?) && (taken.empty? || !@items.empty?)
        item = @items.pop
        break @ended = true if item.equal?(FakeRun::LAST)

        taken << item
      end
      @ended && taken.empty? ? nil : taken
    end
  end

  LAST = Object.new
end
