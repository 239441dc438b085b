# frozen_string_literal: true

require "spec_helper"
require "minigun/execution/fork_pool"

RSpec.describe "Minigun::Execution::Fork::Balance" do
  it "gives each next worker twice the time to begin with what was taken from one, up to a minute" do
    worker = double("worker", unbegun: 1, begun?: false, progress: 0, idle?: false, room?: false, take_back: :portion)
    crew = double("crew", free_places: 1, workers: [worker])
    balance = Minigun::Execution::Fork::Balance.new(crew, double("sizing", cost: nil), 0.01)
    time = 0
    allow(balance).to receive(:now) { time }
    balance.surplus
    given = Array.new(12) do
      time += before = balance.patience
      expect(balance.surplus).to eq(:portion)
      time = 0
      before
    end

    expect(given.first(4)).to eq([100, 200, 400, 800])
    expect(given.last(2)).to eq([60_000, 60_000])
  end
end
