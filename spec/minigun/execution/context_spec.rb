# frozen_string_literal: true

require "open3"
require "rbconfig"
require "timeout"

RSpec.describe Minigun::Execution::Context, :interrupting do
  def context(type) = Minigun::Execution.create_context(type, "work")

  # Runs a program of its own, without minigun.
  def ruby(program)
    file = File.expand_path("../../../lib/minigun/execution/context.rb", __dir__)
    out, status = Open3.capture2e({ "CONTEXT" => file }, RbConfig.ruby, "-e", program)
    raise out unless status.success?

    out
  end

  classes = { inline: "InlineContext", thread: "ThreadContext", fork: "ForkContext", ractor: "RactorContext" }

  it "is made by type" do
    classes.each do |type, name|
      expect(context(type)).to be_an_instance_of(Minigun::Execution.const_get(name))
      expect(context(type)).to be_a(described_class).and have_attributes(type: type, name: "work")
    end
    expect { context(:fibre) }.to raise_error(ArgumentError, /Unknown context type/)
  end

  it "does nothing itself" do
    %i[execute join alive? terminate type].each do |method|
      expect { described_class.new(:base).public_send(method) }.to raise_error(NotImplementedError)
    end
  end

  it "loads on its own, and again under another path" do
    expect(ruby(<<~RUBY)).to eq("[1, 2, 3, 4]")
      require ENV["CONTEXT"]
      load ENV["CONTEXT"]
      load ENV["CONTEXT"].sub("/lib/", "/lib/../lib/")
      print(%i[inline thread fork ractor].each_with_index.map { |type, i|
        Minigun::Execution.create_context(type, :x).execute { i + 1 }.join
      }.inspect)
    RUBY
  end

  classes.each_key do |type|
    describe "of type #{type}" do
      it "returns itself from execute and the value from join, any number of times" do
        work = context(type)

        expect(work.join).to be_nil
        expect(work.execute { [1, { "two" => nil }] }).to be(work)
        expect([work.join, work.join]).to eq([[1, { "two" => nil }]] * 2)
        expect(work.execute { false }.join).to be(false)
      end

      it "uses outer locals, constants and methods of its block's self" do
        number = 20

        expect(context(type).execute { number + Process.respond_to?(:pid).to_s.size + context(:inline).name.size }.join)
          .to eq(28)
      end

      it "raises what the block raised, with class and message" do
        message = "odd"
        raising = proc { context(type).execute { raise ArgumentError, message }.join }

        expect(&raising).to raise_error(ArgumentError, "odd")
        expect { context(type).execute { Integer([]) }.join }.to raise_error(TypeError)
        expect { context(type).execute { [].fetch(9) }.join }.to raise_error(IndexError)
        expect { context(type).execute { raise NotImplementedError, message }.join }
          .to raise_error(NotImplementedError, "odd")
      end

      it "refuses to execute nothing" do
        expect { context(type).execute }.to raise_error(ArgumentError, /block/)
      end

      next if type == :inline

      it "is alive while its block waits, and can be terminated then", :no_leaks do
        work = context(type).execute { sleep }
        expect(work.alive?).to be(true)

        Timeout.timeout(5) { work.terminate }
        expect(work.alive?).to be(false)
        expect(work.join).to be_nil
        expect(work.terminate).to be_nil
      end

      it "can be asked again after a join was interrupted", :no_leaks do
        work = context(type).execute { sleep }

        3.times { expect { Timeout.timeout(0.02) { work.join } }.to raise_error(Timeout::Error) }
        joiner = Thread.new { work.join }
        wait_until { joiner.stop? }
        joiner.kill.join

        expect(work.alive?).to be(true)
        work.terminate
      end

      it "is not alive after join", :no_leaks do
        work = context(type).execute { :done }
        work.join

        expect(work.alive?).to be(false)
      end

      it "can be terminated by someone whose interrupts are masked", :no_leaks do
        Thread.handle_interrupt(Object => :never) { context(type).execute { sleep }.terminate }
      end
    end
  end

  describe "of type inline" do
    it "runs in the caller, at once" do
      seen = []
      work = context(:inline).execute { seen << Thread.current }

      expect(seen).to eq([Thread.current])
      expect([work.alive?, work.terminate]).to eq([false, nil])
    end
  end

  describe "of type thread" do
    it "keeps exit to itself until it is joined" do
      work = context(:thread).execute { exit 3 }

      expect { work.join }.to raise_error(SystemExit)
    end

    it "makes jumps out of the block errors" do
      expect { context(:thread).execute { throw :nowhere }.join }.to raise_error(UncaughtThrowError)
      expect { context(:thread).execute { break 3 }.join }.to raise_error(LocalJumpError)
    end
  end

  describe "of type ractor" do
    before { skip Minigun::Execution::Isolation.refusal unless Minigun::Execution::Isolation.ractors? }

    it "runs in a ractor what doesn't depend on where it runs" do
      expect(context(:ractor).execute { Ractor.current }.join).not_to eq(Ractor.current)
      outer = 1
      expect(context(:ractor).execute { [outer, Ractor.current] }.join).to eq([1, Ractor.current])
    end

    it "says nothing about it" do
      expect { context(:ractor).execute { 1 / 0 }.join rescue nil }.not_to output.to_stderr_from_any_process
    end

    it "waits for several at once" do
      5.times do
        works = Array.new(4) { context(:ractor).execute { (1..1_000).sum } }

        expect(works.map(&:join)).to eq([500_500] * 4)
      end
    end
  end

  it "of different types run side by side, on the same Mutex" do
    lock = Mutex.new
    works = %i[inline thread fork ractor thread fork].map do |type|
      context(type).execute { lock.synchronize { type } }
    end

    expect(works.map(&:join)).to eq(%i[inline thread fork ractor thread fork])
  end
end
