# frozen_string_literal: true

require "minigun/execution/context"
require "minigun/execution/isolation"

# Ractors as Ruby 4.0 has them: with a value, with procs made shareable. What is new is laid over what
# this Ruby has, so that the code that goes by it runs everywhere.
RSpec.describe "Ractors of later Rubies", :no_leaks do
  before { skip "no ractors here" unless defined?(Ractor) }

  it "are asked for their value" do
    good, bad = [-> { 7 }, -> { raise KeyError, "no" }].map do |work|
      Class.new do
        define_method(:value) { work.call }
      end.new
    end
    expect(Minigun::Execution::Isolation.value(good)).to eq(7)
    expect { Minigun::Execution::Isolation.value(bad) }.to raise_error(KeyError, "no")
  end

  it "tell what ended them as the error it was" do
    ended = Object.new
    def ended.value
      raise KeyError, "inside"
    rescue KeyError
      raise Ractor::RemoteError, "thrown by remote Ractor."
    end

    expect { Minigun::Execution::Isolation.value(ended) }.to raise_error(KeyError, "inside")
  end

  unless defined?(Ractor) && Ractor.respond_to?(:shareable_proc)
    it "take procs that were made shareable without their self" do
      given = []
      Ractor.define_singleton_method(:shareable_proc) { |&block| given << block && block }
      own = proc { |item| item }

      expect(Minigun::Execution::Isolation.shareable(own)).to be(own)
      expect(given).to eq([own])
    ensure
      Ractor.singleton_class.remove_method(:shareable_proc)
    end
  end
end
