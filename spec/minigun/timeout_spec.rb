# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::ItemTimeout, :unlogged do
  def job(count: 10, settings: {}, **options, &work)
    options = { timeout: 0.05 }.merge(options)
    Class.new do
      include Minigun::DSL
      attr_reader :out

      settings.each { |word, value| public_send(word, value) }
      define_method(:initialize) { @out = [] }
      producer(:gen) { count.times { |n| emit n } }
      processor(:work, **options, &work)
      consumer(:keep) { |n| @out << n }
    end.new
  end

  [{}, { threads: 3 }].each do |kinds|
    it "is raised in the block of the item that takes too long, and of no other (#{kinds})" do
      object = job(**kinds) do |n|
        sleep if n == 4
        emit n
      end
      object.run

      expect(object.out).to match_array([*0..9] - [4])
      expect(object.last_result.errors).to contain_exactly(have_attributes(item: 4, stage: :work, error: an_instance_of(described_class)))
      expect(object.last_result.errors.first.error.message).to match(/Stage:work.*0.05 s/)
    end
  end

  [{ execution: :cow_fork, max: 2 }, { execution: :ipc_fork, max: 2 }].each do |kinds|
    it "ends a worker process that takes too long, also one that doesn't want to (#{kinds})" do
      object = job(settings: { max_retries: 1 }, on_error: :dead_letter, timeout: 0.2, **kinds) do |n|
        sleep if n == 4
        Signal.trap("TERM", "IGNORE") && loop { sleep } if n == 7
        emit n
      end
      object.run

      expect(object.out).to match_array([*0..9] - [4, 7])
      expect(object.last_result).to have_attributes(worker_deaths: 4, dead: 2)
      expect(object.last_result.dead_letters).to contain_exactly(
        have_attributes(item: 4, error: an_object_having_attributes(class: described_class, message: /longer than 0.2 s over 4.*SIGTERM/)),
        have_attributes(item: 7, error: an_object_having_attributes(class: described_class, message: /longer than 0.2 s over 7.*SIGKILL/))
      )
    end
  end

  it "leaves worker processes alone that are quick, however many items they have" do
    object = job(count: 300, execution: :ipc_fork, max: 1, timeout: 0.5) { |n| sleep(0.005) && emit(n) }
    object.run

    expect(object.last_result).to have_attributes(ok?: true, worker_deaths: 0)
  end

  it "goes through the policy, and may be rescued by the block" do
    object = job(retries: 1, backoff: 0, on_error: :dead_letter) do |n|
      sleep if n == 2
      emit n
    end
    object.run
    expect(object.last_result.dead_letters).to contain_exactly(have_attributes(item: 2, attempts: 2))

    object = job do |n|
      sleep if n == 2
      emit n
    rescue Minigun::ItemTimeout
      sleep 0.12 # more than it takes to look for late items again
      emit :late
    end
    object.run
    expect(object.out).to contain_exactly(0, 1, :late, *3..9)
  end

  it "doesn't count the time of the stages behind, nor waiting for room" do
    object = Class.new do
      include Minigun::DSL
      attr_reader :out

      def initialize = @out = []
      producer(:gen) { 3.times { |n| emit n } }
      processor(:work, timeout: 0.1) { |n| 70.times { |k| emit [n, k] } }
      consumer(:keep, queue_size: 1) { |pair| sleep(0.005) && @out << pair }
    end.new
    object.run

    expect(object.out.size).to eq(210)
    expect(object.last_result).to be_ok
  end

  it "is each stage's own, shorter or longer than those before it" do
    object = Class.new do
      include Minigun::DSL
      attr_reader :out

      def initialize = @out = []
      producer(:gen) { 4.times { |n| emit n } }
      processor(:first, timeout: 30) { |n| emit n }
      processor(:second, timeout: 0.3) { |n| n == 1 ? sleep : emit(n) }
      processor(:third, timeout: 40) { |n| emit n }
      consumer(:keep) { |n| @out << n }
    end.new
    object.run

    expect(object.out).to match_array([0, 2, 3])
    expect(object.last_result.errors).to contain_exactly(have_attributes(item: 1, stage: :second, error: an_instance_of(described_class)))
  end

  it "holds for the block of a batch" do
    object = Class.new do
      include Minigun::DSL
      attr_reader :out

      def initialize = @out = []
      producer(:gen) { 10.times { |n| emit n } }
      accumulator(:pack, max_size: 5, timeout: 0.05) { |batch| batch.include?(7) ? sleep : emit(batch) }
      consumer(:keep) { |batch| @out << batch }
    end.new
    object.run

    expect(object.out).to eq([[0, 1, 2, 3, 4]])
    expect(object.last_result.stage(:pack)).to have_attributes(done: 5, skipped: 5)
  end

  # A policy that is a callable holds back what was emitted until the block has returned.
  it "never strikes an item that is through" do
    object = job(count: 300, threads: 2, on_error: ->(*) { :skip }) do |n|
      sleep 0.0499 if (n % 10).zero?
      emit n
    end
    object.run
    missing = [*0..299] - object.out

    expect(missing).to match_array(object.last_result.errors.map(&:item))
    expect(object.last_result.stage(:keep)).to have_attributes(accepted: object.out.size, done: object.out.size)
  end
end
