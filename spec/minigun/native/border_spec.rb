# frozen_string_literal: true

require "spec_helper"

RSpec.describe "Items on their way into native stages, and out again" do
  def items(*stages, input:) = Minigun::Native::Chain.new(*stages, ordered: true).each(input).to_a
  def rows(*input) = items({ distinct: "k" }, input: input)
  def through(*values) = rows(*values.each_with_index.map { |value, k| { "k" => k, "v" => value } }).map { |row| row["v"] }

  it "keep what they are" do
    plain = [nil, true, false, 0, -1, 1.5, -0.0, "", "text", "\xff", "ü"]

    expect(through(*plain)).to eq(plain)
  end

  it "keep integers of any size" do
    numbers = [2**62, -(2**62), 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**40]

    expect(through(*numbers)).to eq(numbers)
  end

  it "come back in UTF-8, and symbols as Strings" do
    expect(through(:name, "ü".encode("ISO-8859-1"), "ü".encode("UTF-16LE"))).to eq(%w[name ü ü])
    expect(items({ grep: "a" }, input: ["ä".encode("ISO-8859-1") + "a", "a".encode("UTF-16LE"), "b"])).to eq(%w[äa a])
  end

  it "may have other columns than those before them, in another order, in turns" do
    shapes = [{ "k" => 1, "v" => 1 }, { k: 2, v: 2 }, { "v" => 3, "k" => 3 }, { "k" => 4, "v" => 4 }, { k: 5, v: 5 }, { "k" => 6 }]

    expect(rows(*shapes)).to eq(shapes.map { |row| row.transform_keys(&:to_s) })
  end

  it "may have as many columns as they like, of names that are parts of other Strings" do
    wide = (0...40).to_h { |i| ["c#{i}", i] }.merge("k" => 0)
    long = "#{"x" * 100}key#{"y" * 100}"

    expect(rows(wide)).to eq([wide])
    expect(rows({ "k" => 1, long[100, 3] => 2 }, { "k" => 2, long[100, 3] => 3 })).to eq([{ "k" => 1, "key" => 2 }, { "k" => 2, "key" => 3 }])
  end

  it "may have names that are as long as those before them, or the same text in another String" do
    text = Class.new(String)
    rows = [{ text.new("k") => 1, text.new("ab") => 1 }, { text.new("k") => 2, text.new("ab") => 2 }, { text.new("k") => 3, text.new("cd") => 3 }]

    expect(rows(*rows)).to eq([{ "k" => 1, "ab" => 1 }, { "k" => 2, "ab" => 2 }, { "k" => 3, "cd" => 3 }])
  end

  { "a number" => 7, "a Symbol" => :k, "an Array in a row" => { "k" => [1] }, "a Hash in a row" => { "k" => {} },
    "a name that is no text" => { 1 => 2 }, "a name with a NUL" => { "k\0" => 2 } }.each do |name, odd|
    it "are refused one by one, where they are #{name}" do
      said = log_of { expect(rows({ "k" => 1 }, odd, { "k" => 2 })).to eq([{ "k" => 1 }, { "k" => 2 }]) }

      expect(said).to contain_exactly(/ERROR.*native stages take Strings, and Hashes/)
    end
  end

  it "are refused where several in a row are strange, each by itself" do
    said = log_of { expect(rows({ "k" => 1 }, 7, 8, { "k" => 2 })).to eq([{ "k" => 1 }, { "k" => 2 }]) }

    expect(said).to match([/ERROR.*native stages take Strings, and Hashes/, /ERROR.*native stages take Strings, and Hashes/])
  end
end
