# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Children of a run" do
  def forked(items: 2, strategy: :spawn_fork, &block)
    job do
      producer(:gen) { items.times { |n| emit n } }
      accumulator(:pack, max_size: 1)
      consumer(:work, strategy: strategy, &block)
    end
  end

  it "are all reaped when it ends", :no_leaks do
    forked(items: 8) { |batch| @out << batch }.run

    expect { Process.wait(-1, Process::WNOHANG) }.to raise_error(Errno::ECHILD)
  end

  it "do not take the children of the host program with them" do
    host = fork { exit! 42 }
    forked { |batch| @out << batch }.run

    expect(Process.wait2(host).last.exitstatus).to eq(42)
  end

  %i[spawn_fork fork_ipc].each do |strategy|
    it "leave the host program's own children to it, ended before the run or during it (#{strategy})" do
      own = lambda do |status|
        reader, writer = IO.pipe
        pid = fork { exit! status }
        writer.close
        reader.read # until it ends
        reader.close
        pid
      end
      before, during = own.call(42), nil
      object = job do
        producer(:gen) do
          during = own.call(43)
          8.times { |n| emit n }
        end
        accumulator(:pack, max_size: 1)
        consumer(:work, strategy: strategy) { |batch| @out << batch }
      end
      object.run

      expect(object.out.size).to eq(8)
      expect([before, during].map { |pid| Process.wait2(pid).last.exitstatus }).to eq([42, 43])
    end
  end

  it "may fork in a block that both processes return from; the new one works on no other item" do
    from, to = IO.pipe
    splitting = job do
      producer(:gen) { 300.times { |n| emit n } }
      processor(:work, execution: :ipc_fork, max: 1) do |n|
        to.syswrite("#{n}\n")
        pid = fork if n == 150
        Process.wait(pid) if pid
        emit n
      end
      consumer(:keep) { |n| @out << n }
    end
    splitting.run
    to.close

    expect(splitting.out).to eq([*0...300])
    expect(from.read.lines.map(&:to_i)).to eq([*0...300])
  ensure
    [from, to].each(&:close)
  end

  it "are known by pid, whatever else waits for children" do
    stop = false
    other = Thread.new { children? && Thread.pass until stop }
    counted = forked(items: 20) { |batch| @out << batch }

    expect(counted.run).to eq(20)
    expect(counted.out.size).to eq(20)
  ensure
    stop = true
    other.join
  end

  it "leave by exit! after flushing: no at_exit, no output twice" do
    ended = minigun(<<~RUBY)
      at_exit { puts "at_exit" }
      class Job
        include Minigun::DSL
        producer(:gen) { 3.times { |n| emit n } }
        accumulator(:pack, max_size: 1)
        spawn_fork(:work) { |batch| print "work "; $stderr.print "err " }
      end
      print "once "
      Job.new.run
      puts "ran"
    RUBY

    expect(ended.out).to eq("once work work work ran\nat_exit\n")
    expect(ended.err).to eq("err err err ")
  end

  it "never come back up the caller's stack" do
    ended = minigun(<<~RUBY)
      class Job
        include Minigun::DSL
        producer(:gen) { 2.times { |n| emit n } }
        accumulator(:pack, max_size: 1)
        spawn_fork(:work) { |batch| raise "no" }
      end
      Minigun.logger = Logger.new(nil)
      begin
        Job.new.run
      ensure
        $stdout.syswrite("ensure\n")
      end
    RUBY

    expect(ended.out).to eq("ensure\n")
  end

  it "do not keep the handlers of the runner" do
    signals = %w[INT TERM QUIT]
    own = nil
    read = method(:handler)
    seen = forked { |_| @out << signals.map { |signal| read.call(signal).equal?(own[signal]) } }
    seen.class.class_exec { before_run { own = signals.to_h { |signal| [signal, read.call(signal)] } } }
    seen.run

    expect(seen.out).to eq([[false, false, false]] * 2)
  end

  it "die of a signal that comes before they have handlers of their own, and are replaced", :no_leaks do
    ended = minigun(<<~RUBY)
      module Young
        # The first children that it forks are hit at once, as often as would end their parent.
        def _fork
          super.tap { |pid| 3.times { Process.kill(:TERM, Process.pid) } if pid.zero? && YOUNG.read_nonblock(1, exception: false) == "." }
        end
      end
      YOUNG, filler = IO.pipe
      filler.write("....")
      Process.singleton_class.prepend(Young)

      class Job
        include Minigun::DSL
        pipeline do
          producer(:numbers) { |output| 4.times { |number| output << number } }
          ipc_fork(1) { processor(:same) { |number, output| output << number } }
          consumer(:show) { |number| puts number }
        end
      end
      Job.new.run
    RUBY

    log, shown = ended.out.lines.partition { |line| line.include?("ERROR") }
    expect(shown).to contain_exactly("0\n", "1\n", "2\n", "3\n")
    expect(log).to contain_exactly(*[/was killed by SIGTERM$/] * 4)
    expect(ended.err).to eq("")
  end

  { "exit!" => proc { exit! 9 },
    "KILL" => proc { Process.kill(:KILL, Process.pid) && sleep },
    "USR1" => proc { Process.kill(:USR1, Process.pid) && sleep } }.each do |name, death|
    it "may die by #{name}: reported, the others' work arrives", :no_leaks do
      dying = forked(items: 4) { |batch| batch == [2] ? instance_exec(&death) : @out << batch }

      expect(dying.run).to eq(4)
      expect(dying.out).to contain_exactly([0], [1], [3])
      expect(errors_logged).not_to be_empty
    end
  end

  it "may fork, run and wait themselves" do
    inner = job_class do
      producer(:gen) { 3.times { |n| emit n } }
      accumulator(:pack, max_size: 2)
      spawn_fork(:keep) { |batch| @out.concat(batch) }
    end
    outer = forked do |_|
      Process.wait(fork { exit! })
      @out << inner.new.tap(&:run).out.sort
    end
    outer.run

    expect(outer.out).to eq([[0, 1, 2]] * 2)
    expect(children?).to be(false)
  end

  it "are forked through Ruby, so that Ruby's own hook sees them" do
    ended = minigun(<<~RUBY)
      Process.singleton_class.prepend(Module.new { def _fork = super.tap { |pid| $forks = $forks.to_i + 1 if pid.positive? } })
      class Job
        include Minigun::DSL
        producer(:gen) { emit 1 }
        accumulator(:pack)
        spawn_fork(:work) { |batch| batch }
      end
      Job.new.run
      print $forks.to_i.positive?
    RUBY

    expect(ended.out).to eq("true")
  end

  it "ship failures, counts and latencies back" do
    counted = forked(items: 6) { |batch| raise "odd" if batch.first.odd? }
    counted.run

    expect(stats(counted, :work)).to have_attributes(items_consumed: 6, items_failed: 3)
    expect(stats(counted, :work).has_latency_data?).to be(true)
  end

  it "come and go in many runs without a trace", :no_leaks do
    10.times { forked(items: 4) { |batch| @out << batch }.run }
  end

  it "work while other threads of the host program hold locks and fork" do
    stop = false
    others = Array.new(2) { Thread.new { Process.wait(fork { exit! }) until stop } }
    busy = forked(items: 10) { |batch| @out << batch }
    5.times { busy.run }

    expect(busy.out.size).to eq(50)
  ensure
    stop = true
    others.each(&:join)
  end

end
