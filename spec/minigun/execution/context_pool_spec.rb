# frozen_string_literal: true

require "timeout"

RSpec.describe Minigun::Execution::ContextPool do
  %i[inline thread fork ractor].each do |type|
    describe "of type #{type}" do
      subject(:pool) { described_class.new(type: type, max_size: 2) }

      it "gives distinct contexts of its type and counts them" do
        contexts = Array.new(3) { |i| pool.acquire("work #{i}") }

        expect(pool).to have_attributes(type: type, max_size: 2, active_count: 3)
        expect(contexts.map(&:type)).to eq([type] * 3)
        expect(contexts.map(&:name)).to eq(["work 0", "work 1", "work 2"])
        expect(contexts.uniq(&:object_id).size).to eq(3)
      end

      it "takes each context back once, and reuses inline ones" do
        context = pool.acquire
        2.times { pool.release(context) }

        expect(pool.active_count).to eq(0)
        expect(pool.acquire.equal?(context)).to be(type == :inline)
      end

      it "says when it is at capacity, and gives all the same" do
        answers = Array.new(3) { [pool.at_capacity?, pool.acquire].first }

        expect(answers).to eq([false, false, true])
      end

      it "joins all", :no_leaks do
        3.times { |i| pool.acquire.execute { i } }
        pool.acquire

        expect(pool.join_all).to contain_exactly(0, 1, 2, nil)
        expect(pool.active_count).to eq(0)
      end

      it "is used by many threads at once", :no_leaks do
        values = Array.new(4) do |i|
          Thread.new do
            Array.new(3) do |j|
              context = pool.acquire
              value = context.execute { (i * 10) + j }.join
              pool.release(context)
              value
            end
          end
        end.flat_map(&:value)

        expect(values.sort).to eq([0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32])
        expect(pool.active_count).to eq(0)
      end

      next if type == :inline

      it "terminates all promptly", :no_leaks do
        contexts = Array.new(3) { pool.acquire.execute { sleep } }
        Timeout.timeout(4) { pool.terminate_all }

        expect(contexts.map(&:alive?)).to eq([false] * 3)
        expect(pool.active_count).to eq(0)
      end

      it "joins the others when one raises", :no_leaks do
        message = "first"
        pool.acquire.execute { raise message }
        other = pool.acquire.execute { 3 }

        expect { pool.join_all }.to raise_error(RuntimeError, "first")
        expect([pool.active_count, other.join]).to eq([0, 3])
      end
    end
  end

  it "keeps those that still run when its join is interrupted" do
    pool = described_class.new(type: :thread, max_size: 1)
    pool.acquire.execute { sleep }

    expect { Timeout.timeout(0.02) { pool.join_all } }.to raise_error(Timeout::Error)
    expect(pool.active_count).to eq(1)
    pool.terminate_all
  end

  it "refuses unknown types when asked for one" do
    expect { described_class.new(type: :fibre, max_size: 1).acquire }.to raise_error(ArgumentError, /Unknown context type/)
  end
end
