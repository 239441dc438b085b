# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Garbage collection during a run" do
  shapes = {
    "a chain" => <<~'RUBY',
      producer(:gen) { 5.times { |n| emit "item #{n}" } }
      processor(:up) { |text| emit text.upcase }
      consumer(:keep) { |text| @out << text }
    RUBY
    "a fan with an accumulator" => <<~RUBY,
      producer(:gen, to: %i[a b]) { 3.times { |n| emit [n.to_s] } }
      processor(:a, to: :pack) { |list| emit list.first + "a" }
      processor(:b, to: :pack) { |list| emit list.first + "b" }
      accumulator(:pack, max_size: 4)
      consumer(:keep) { |batch| @out.concat(batch) }
    RUBY
    "a nested pipeline" => <<~RUBY,
      producer(:gen) { 3.times { |n| emit n.to_s } }
      pipeline(:inner) { processor(:twice) { |text| 2.times { |i| emit text + i.to_s } } }
      consumer(:keep) { |text| @out << text }
    RUBY
    "failing items" => <<~RUBY,
      producer(:gen) { 4.times { |n| emit n.to_s } }
      processor(:work) { |text| text == "2" ? raise("no") : emit(text + "!") }
      consumer(:keep) { |text| @out << text }
    RUBY
    "children" => <<~RUBY
      max_processes 1
      producer(:gen) { 3.times { |n| emit n.to_s } }
      accumulator(:pack, max_size: 2)
      spawn_fork(:keep) { |batch| @out.concat(batch.map(&:succ)) }
    RUBY
  }

  # A small heap of its own makes a collection at every allocation bearable.
  def program(definition)
    <<~RUBY
      class Job
        include Minigun::DSL
        attr_reader :out
        def initialize = @out = []
        #{definition}
      end
      Minigun.logger = Logger.new(nil)
      Job.new.run
      stressed = Job.new
      GC.stress = true
      stressed.run
      GC.stress = false
      p stressed.out.sort
    RUBY
  end

  shapes.each do |name, definition|
    it "at every allocation keeps #{name} whole", limit: 300 do
      ended = minigun(program(definition), "--disable=gems", within: 280)

      expect(ended.out).to eq("#{job { class_eval(definition) }.tap(&:run).out.sort.inspect}\n"), ended.err
    end

    it "with compaction keeps #{name} whole" do
      skip "no compaction here" unless GC.respond_to?(:compact)
      klass = job_class { class_eval(definition) }
      expected = klass.new.tap(&:run).out
      compacting = job_class(klass) do
        before_run { GC.compact }
        before(:gen) { GC.compact }
        after(:gen) { GC.compact }
        after_run { GC.compact }
      end

      expect(compacting.new.tap(&:run).out).to match_array(expected)
    end
  end

  it "compacting in the blocks of every stage keeps items held and queued", limit: 300 do
    skip "no compaction here" unless GC.respond_to?(:compact)
    compacting = job do
      producer(:gen) do
        300.times { |n| emit "item #{n}".dup }
        GC.compact
      end
      producer(:other, to: :merge) { 300.times { |n| emit "item #{n + 300}".dup } }
      processor(:merge) { |text| emit text.tap { GC.compact if text.end_with?("50") } }
      accumulator(:pack, max_size: 70) { |batch| batch.tap { GC.compact } }
      consumer(:keep) { |batch| @out.concat(batch.tap { GC.compact }) }
    end
    compacting.run

    expect(compacting.out).to match_array((0...600).map { |n| "item #{n}" })
  end

  it "frees what runs held" do
    held = ->(klass) { ObjectSpace.each_object(klass).count }
    marker = Class.new
    klass = job_class do
      producer(:gen) { 50.times { emit marker.new } }
      consumer(:keep) { |_| nil }
    end
    10.times { klass.new.run }
    3.times { GC.start }

    expect(held.call(marker)).to be < 60
  end
end
