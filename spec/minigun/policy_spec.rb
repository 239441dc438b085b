# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Policy do
  def job(**options, &work)
    Class.new do
      include Minigun::DSL
      attr_reader :out, :tries

      def initialize = (@out, @tries = [], Hash.new(0))

      producer(:gen) { 10.times { |n| emit n } }
      processor(:work, **options, &work)
      consumer(:keep) { |n| @out << n }
    end.new
  end

  before do
    @logger = Minigun.logger
    Minigun.logger = Logger.new(File::NULL)
  end

  after { Minigun.logger = @logger }

  it "tries a failed item again, and publishes only what the last try emitted" do
    object = job(retries: 3, backoff: 0.001) do |n|
      emit n
      @tries[n] += 1
      raise "not yet" if n.odd? && @tries[n] < 3
    end

    expect(object.run).to eq(10)
    expect(object.out).to match_array(0..9)
    expect(object.tries.values_at(1, 2)).to eq([3, 1])
  end

  it "fails an item that has no tries left, once" do
    object = job(retries: 2, backoff: 0.001) do |n|
      @tries[n] += 1
      n == 4 ? raise("never") : emit(n)
    end
    object.run

    expect(object.out).to match_array([*0..9] - [4])
    expect(object.tries[4]).to eq(3)
    expect(object._minigun_task.root_pipeline.stats.for_stage(:work)).to have_attributes(items_failed: 1, items_consumed: 10)
  end

  it "ends the run with the error for on_error: :raise" do
    expect { job(on_error: :raise) { |n| raise ArgumentError, "bad four" if n == 4 }.run }
      .to raise_error(ArgumentError, "bad four")
  end
end
