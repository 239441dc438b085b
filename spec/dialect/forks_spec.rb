# frozen_string_literal: true

require_relative "dialect_helper"
require "socket"

# Section 11: what both kinds of forks have in common.
RSpec.describe "Forks" do
  %i[cow_fork ipc_fork].each do |kind|
    describe kind do
      it "runs its blocks in children, over the whole pool" do
        with_pipe do |first_in, first_out|
          with_pipe do |second_in, second_out|
            pids = seen_by do
              producer(:source) { |output| 2.times { |n| output << n } }
              public_send(kind, 2) do
                processor(:work) do |n, output|
                  (n.zero? ? first_out : second_out).putc("x")
                  (n.zero? ? second_in : first_in).getc
                  output << Process.pid
                end
              end
              consumer(:keep) { |pid| @seen << pid }
            end

            expect(pids.uniq.size).to eq(2)
            expect(pids).not_to include(Process.pid)
          end
        end
      end

      it "delivers while the child still runs, whatever the size" do
        with_pipe do |from, to|
          seen = seen_by do
            producer(:source) { |output| 2.times { |n| output << n } }
            public_send(kind, 1) do
              processor(:work) { |n, output| output << (n.zero? ? "x" * 3_000_000 : from.getc) }
            end
            consumer(:keep) do |text|
              @seen << text.size
              to.putc("y")
            end
          end

          expect(seen).to eq([3_000_000, 1])
        end
      end

      it "takes what cannot be marshalled for an item error" do
        object = flow do
          producer(:source) { |output| 3.times { |n| output << n } }
          public_send(kind, 1) { processor(:work) { |n, output| output << (n == 1 ? proc {} : n) } }
          consumer(:keep) { |n| @seen << n }
        end
        object.run

        expect(object.seen).to match_array([0, 2])
        expect(stats_of(object, :work).items_failed).to eq(1)
        expect(logged).to match(/Stage:work\].*items leave a worker process as copies.*send plain data$/)
      end

      it "reaches any stage by name: other forks, awaited ones, nested ones" do
        other = { cow_fork: :ipc_fork, ipc_fork: :cow_fork }.fetch(kind)
        seen = seen_by do
          producer(:source) { |output| 6.times { |n| output << n } }
          public_send(kind, 2) do
            processor(:work) { |n, output| output.to(%i[forked inner aside][n % 3]) << n }
          end
          public_send(other, 2) { processor(:forked, await: true, to: :keep) { |n, output| output << [:forked, n] } }
          pipeline(:part, await: true, to: :keep) { processor(:inner) { |n, output| output << [:inner, n] } }
          consumer(:aside, await: true) { |n| @seen << [:aside, n] }
          consumer(:keep) { |x| @seen << x }
        end

        expect(seen).to match_array([[:forked, 0], [:inner, 1], [:aside, 2], [:forked, 3], [:inner, 4], [:aside, 5]])
      end

      it "skips a failed item, and only that" do
        object = flow do
          producer(:source) { |output| 10.times { |n| output << n } }
          public_send(kind, 2) { processor(:work) { |n, output| n == 4 ? raise(ArgumentError, "no four") : output << n } }
          consumer(:keep) { |n| @seen << n }
        end
        object.run

        expect(object.seen).to match_array([*0..9] - [4])
        expect(stats_of(object, :work)).to have_attributes(items_failed: 1, items_produced: 9)
        expect(logged).to match(/ERROR.*work/).and include("no four")
      end

      it "goes on when a worker dies, and says how it died" do
        object = program do
          max_retries 1
          pipeline do
            producer(:source) { |output| 6.times { |n| output << n } }
            public_send(kind, 2) do
              processor(:work) do |n, output|
                Process.kill(:KILL, Process.pid) if n == 2
                exit!(3) if n == 4
                output << n
              end
            end
            consumer(:keep) { |n| @seen << n }
          end
        end.new
        object.run

        expect(object.seen).to match_array([0, 1, 3, 5])
        expect(stats_of(object, :work).items_failed).to eq(2)
        expect(logged).to match(/KILL/).and match(/\b3\b/)
      end

      it "writes instance variables back, also of stages that are not terminal" do
        klass = program do
          attr_reader :total, :words, :last

          pipeline do
            before_run do
              @total = 0
              @words = Hash.new(0)
            end
            producer(:source) { |output| %w[a b a c a].each { |w| output << w } }
            public_send(kind, 2) do
              processor(:count) do |word, output|
                @total += 1
                @words[word] += 1
                @seen << [:child, word]
                @last = "set"
                output << word
              end
            end
            consumer(:keep) { |word| @seen << word }
          end
        end
        object = klass.new.tap(&:run)

        expect(object.total).to eq(5)
        expect(object.words).to eq("a" => 3, "b" => 1, "c" => 1)
        expect(object.last).to eq("set")
        expect(object.seen).to match_array(%w[a a a b c] + %w[a a a b c].map { |w| [:child, w] })
      end

      it "leaves globals and captured locals of the parent alone" do
        local = 0
        $dialect_global = 0
        seen_by do
          producer(:source) { |output| output << 1 }
          public_send(kind, 1) { processor(:work) { |n| $dialect_global = local = n } }
        end

        expect([local, $dialect_global]).to eq([0, 0])
      end

      it "keeps a batch whole" do
        seen = seen_by do
          producer(:source) { |output| 10.times { |n| output << n } }
          public_send(kind, 3) do
            batch 4
            processor(:work) { |batch, output| output << batch }
          end
          consumer(:keep) { |batch| @seen << batch }
        end

        expect(seen).to match_array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
      end

      it "flushes what children print" do
        out, err, status = ruby(<<~RUBY)
          class Printing
            include Minigun::DSL
            pipeline do
              producer(:source) { |output| 3.times { |n| output << n } }
              #{kind}(1) { processor(:print) { |n| puts n; warn "e\#{n}" } }
            end
          end
          Printing.new.run
        RUBY

        expect([out, err, status.success?]).to eq(["0\n1\n2\n", "e0\ne1\ne2\n", true])
      end

      it "keeps changes in the child where the stage says write_back: false" do
        job = program do
          attr_reader :kept, :brought

          pipeline do
            producer(:source) { |output| 3.times { |n| output << n } }
            public_send(kind, 2) do
              processor(:quiet, write_back: false) { |n, output| (@kept ||= []) << n and output << n }
              processor(:loud) { |n, output| (@brought ||= []) << n and output << n }
            end
            consumer(:last) { |_| nil }
          end
        end.new
        job.run

        expect([job.kept, job.brought.sort]).to eq([nil, [0, 1, 2]])
      end

      it "has a connection opened anew on either side of the fork" do
        job = program do
          attr_reader :answers

          define_method(:connect) { @line = TCPSocket.new("127.0.0.1", @port) }
          define_method(:initialize) { |port| (@port = port) and connect }
          before_fork { @line.close }
          after_fork { connect }
          pipeline do
            producer(:source) { |output| 8.times { |n| output << n } }
            public_send(kind, 2) do
              processor(:ask) do |n, output|
                @line.puts(n)
                output << @line.gets.to_i
              end
            end
            consumer(:last) { |answer| (@answers ||= []) << answer }
          end
        end
        server = TCPServer.new("127.0.0.1", 0)
        answer = lambda do |line|
          line.each_line { |text| line.puts(text.to_i * 2) }
        ensure
          line.close
        end
        echo = Thread.new { loop { Thread.new(server.accept, &answer) } }
        job = job.new(server.addr[1])
        job.run

        expect(job.answers.sort).to eq([0, 2, 4, 6, 8, 10, 12, 14])
      ensure
        echo.kill.join
        server.close
      end

      it "brings counters and latencies to the parent" do
        object = flow do
          producer(:source) { |output| 10.times { |n| output << n } }
          public_send(kind, 2) { processor(:work) { |n, output| 2.times { output << n } } }
          consumer(:keep) { |n| n }
        end
        object.run

        expect(stats_of(object, :work)).to have_attributes(items_consumed: 10, items_produced: 20, latency_data?: true)
      end
    end
  end

  it "work in a row, side by side and in each other" do
    seen = seen_by do
      producer(:source, to: %i[a b]) { |output| 8.times { |n| output << n } }
      ipc_fork(2) { processor(:a, to: :c) { |n, output| output << [n, :a] } }
      cow_fork(2) { processor(:b, to: :c) { |n, output| output << [n, :b] } }
      cow_fork(2) { processor(:c) { |x, output| output << (x + [:c]) } }
      ipc_fork(1) { processor(:d) { |x, output| output << (x + [:d]) } }
      consumer(:keep) { |x| @seen << x }
    end

    expect(seen).to match_array((0..7).flat_map { |n| [[n, :a, :c, :d], [n, :b, :c, :d]] })
  end

  it "cost no fixed waits at the end" do
    times = Array.new(10) do
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      seen_by do
        producer(:source) { |output| 5.times { |n| output << n } }
        cow_fork(2) { processor(:a) { |n, output| output << n } }
        ipc_fork(2) { processor(:b) { |n, output| output << n } }
      end
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
    end

    expect(times.min).to be < 0.8 # a fixed wait would be in each of them
  end
end
