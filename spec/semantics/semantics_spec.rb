# frozen_string_literal: true

require "spec_helper"
require_relative "matrix"
require_relative "outside"

# SEMANTICS=text runs only the cells whose names contain it:
#
#   SEMANTICS="break in processor, ipc_fork" rspec spec/semantics
RSpec.describe "What blocks may do", :matrix, limit: 600 do
  def chosen(cells)
    wanted = ENV.fetch("SEMANTICS", nil)
    wanted ? cells.select { |cell| cell.to_s.include?(wanted) } : cells
  end

  def expect_no_faults(cells, jobs: 2)
    faults = Cases.run(cells, silence: 25, jobs: jobs, &:fault)
    texts = faults.map do |index, fault|
      "#{cells[index]}: #{fault}\n  again: SEMANTICS=#{cells[index].to_s.inspect} rspec spec/semantics\n" \
        "#{cells[index].program.gsub(/^/, "    ")}"
    end

    expect(texts).to be_empty, texts.join("\n")
  end

  Semantics::CONTEXTS.each_key do |context|
    Semantics::POLICIES.each_key do |policy|
      it "ends as it should, in all places, for #{context} with on_error or retries as in #{policy}", "as_#{policy}": true do
        expect_no_faults(chosen(Semantics.cells.select { |cell| cell.context == context && cell.policy == policy }))
      end
    end
  end

  it "ends when it is told to, whatever it is stuck in" do
    expect_no_faults(chosen(Semantics.outside_cells.reject(&:patient?)))
  end

  # They spend half a second each with waiting.
  it "ends when it is told to stop, whatever it is stuck in" do
    expect_no_faults(chosen(Semantics.outside_cells.select(&:patient?)), jobs: 8)
  end

  it "is not all the same to the matrix" do
    wrong = Semantics.cells.find { |cell| cell.act.name == "raise" && cell.place.name == :terminal }.dup
    wrong.act = Semantics::Act.new("a plain item", :error, "n")

    expect(wrong.fault).to match(/kept \[1, 2, 3\], not one of \[\[1, 3\]\]/)
  end
end
