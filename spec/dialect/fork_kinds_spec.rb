# frozen_string_literal: true

require_relative "dialect_helper"

# Section 11: where copy-on-write children and persistent workers differ.
RSpec.describe "Copy-on-write children" do
  it "see everything the parent did until their fork" do
    seen = seen_by do
      producer(:source) do |output|
        @table = { 1 => :one }
        output << 1
      end
      cow_fork(1) { processor(:look) { |n, output| output << @table[n] } }
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to eq([:one])
  end

  it "inherit items, which need not be marshalable" do
    seen = seen_by do
      producer(:source) { |output| 3.times { |n| output << -> { n * 2 } } }
      cow_fork(2) { processor(:call) { |item, output| output << item.call } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(seen).to match_array([0, 2, 4])
  end

  it "are not forked without work" do
    object = flow do
      producer(:source) { |_output| nil }
      after_fork { @seen << :child }
      cow_fork(3) { processor(:work) { |n, output| output << n } }
    end

    expect(object.tap(&:run).seen).to eq([])
  end

  it "are at most n at a time, and may take several queued items" do
    alive = 0
    seen = seen_by do
      producer(:source) { |output| 200.times { |n| output << n } }
      cow_fork(2) { processor(:work) { |n, output| output << [n, Process.pid] } }
      consumer(:keep) do |pair|
        alive = [alive, LeakCheck.children.size].max if @seen.size.modulo(20).zero?
        @seen << pair
      end
    end

    expect(seen.map(&:first).sort).to eq([*0...200])
    expect(seen.map(&:last).uniq.size).to be_between(2, 199)
    expect(alive).to be <= 3
  end
end

RSpec.describe "Persistent workers" do
  it "keep their state as long as they live" do
    seen = seen_by do
      producer(:source) { |output| 40.times { |n| output << n } }
      ipc_fork(2) do
        processor(:work) do |_n, output|
          @model ||= Process.pid
          output << [@model, Process.pid]
        end
      end
      consumer(:keep) { |pair| @seen << pair }
    end

    expect(seen.size).to eq(40)
    expect(seen.uniq.size).to be <= 2
    expect(seen.map { |model, pid| model == pid }).to all(be(true))
  end

  it "have the memory as of the start of the run" do
    seen = seen_by do
      before_run { @early = 1 }
      producer(:source) do |output|
        @late = 2
        output << 0
      end
      ipc_fork(1) { processor(:look) { |_n, output| output << [@early, @late] } }
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to eq([[1, nil]])
  end

  it "take copies: what cannot be marshalled is an item error" do
    object = flow do
      producer(:source) { |output| [1, proc {}, 3].each { |x| output << x } }
      ipc_fork(1) { processor(:work) { |n, output| output << n } }
      consumer(:keep) { |n| @seen << n }
    end
    object.run

    expect(object.seen).to eq([1, 3])
    expect(stats_of(object, :work).items_failed).to eq(1)
    expect(logged).to match(/Stage:work\].*items go to a worker process as copies.*send plain data$/)
  end

  it "are given work when they are free: a slow one holds up nobody" do
    with_pipe do |from, to|
      seen = seen_by do
        producer(:source) { |output| 100.times { |n| output << n } }
        ipc_fork(2) do
          processor(:work) do |n, output|
            from.getc if n.zero?
            output << n
          end
        end
        consumer(:keep) do |n|
          @seen << n
          to.putc("x") if @seen.size == 99
        end
      end

      expect(seen.last).to eq(0)
      expect(seen.size).to eq(100)
    end
  end
end
