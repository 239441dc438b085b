# frozen_string_literal: true

require "spec_helper"

# What the other specs of this folder lean on.
RSpec.describe Cases do
  it "names the case that fails, and goes on behind it" do
    faults = described_class.run([1, 2, 3, 4], jobs: 2) { |n| "two" if n == 2 }

    expect(faults).to eq([[1, "two"]])
  end

  it "finds the cases whose process dies or raises" do
    faults = described_class.run(%i[fine dies raises fine]) do |what|
      exit!(1) if what == :dies
      raise IOError, "as planned" if what == :raises
    end

    expect(faults.map(&:first)).to eq([1, 2])
    expect(faults.first.last).to eq("its process ended")
    expect(faults.last.last).to include("as planned (IOError)")
  end

  it "tells what a case that hangs is doing, in its children too" do
    skip "looks into /proc" unless File.directory?("/proc/self/task")
    faults = described_class.run([:hang], silence: 1) { Process.wait(fork { hanging_for_good }) }

    expect(faults.dig(0, 1)).to start_with("nothing came for 1 s")
    expect(faults.dig(0, 1).scan(/^== process \d+/).size).to eq(2)
    expect(faults.dig(0, 1)).to include("hanging_for_good") if Stacks.gdb?
  end

  def hanging_for_good = sleep
end
