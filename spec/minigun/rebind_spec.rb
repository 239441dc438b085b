# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Rebind do
  let(:object) { Struct.new(:name).new("own") }

  def made(arguments = 1, &block) = described_class.method_for(block, object, arguments)

  it "makes a method that does what the block does, with the object as self" do
    expect(made { |item| [name, item] }.call(3)).to eq(["own", 3])
    expect(made(2) { |item, output| output << item << name }.call(3, [])).to eq([3, "own"])
    expect(made(0) { name }.call).to eq("own")
  end

  it "makes one of a block that leaves what is its own alone: a loop, a rescue, another block" do
    looping = made do |item|
      item += 1 while true && item < 5
      loop { break item } + [1, 2].each { |n| break n }
    end
    rescuing = made do |item|
      Integer(item)
    rescue ArgumentError => e
      [name, e.class]
    end

    expect([looping.call(2), rescuing.call("7"), rescuing.call("x")]).to eq([6, 7, ["own", ArgumentError]])
  end

  it "makes none where a method would answer otherwise, however deep that stands" do
    giver = Class.new { def call = proc { |item| yield item } }.new
    {
      "yield" => giver.call { |item| item },
      "break" => proc { |item| break item },
      "break in a rescue" => proc { |item| Integer(item) rescue break }, # rubocop:disable Style/RescueModifier
      "return" => proc { |item| return item },
      "return in a block" => proc { |item| [item].each { |n| return n } },
      "its name" => proc { |_| __method__ },
      "its binding, in a rescue" => proc { |item| Integer(item) rescue binding }, # rubocop:disable Style/RescueModifier
      "its callers, in a block" => proc { |item| [item].each { |_| caller } },
      "an Array that is spread" => proc { |item, | item },
      "more parameters" => proc { |item, other| [item, other] },
      "no Ruby" => :to_s.to_proc,
      "a method" => 5.method(:+).to_proc
    }.each do |what, block|
      expect(described_class.method_for(block, object, 1)).to be_nil, what
    end
  end

  it "changes nothing about blocks that end early, at whatever item they do" do
    job = Class.new do
      include Minigun::DSL
      attr_reader :out

      pipeline do
        producer(:gen) { 200.times { |n| emit n } }
        processor(:first) { |n| emit([n, n + 1].each { |each| break each if each.even? }) }
        processor(:some) { |n| (n % 3).zero? ? next : emit(n) }
        consumer(:keep) { |n| (@out ||= []) << n }
      end
    end.new
    job.run

    expect(job.out).to eq((0...200).map { |n| n.even? ? n : n + 1 }.reject { |n| (n % 3).zero? })
  end
end
