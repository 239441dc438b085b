# frozen_string_literal: true

require "spec_helper"

# Against the same in Ruby, over random rows.
RSpec.describe "the native stages group, distinct, top and csv" do
  def run(*stages, input, **options) = Minigun::Native::Chain.new(*stages, workers: 3, **options).each(input).to_a

  def rows(random, count)
    Array.new(count) do
      { "k" => ["a", "b", "caf\u00e9", "", nil, 1, 1.0, 2**70, true, -0.0, 0.0].sample(random: random), "l" => random.rand(3),
        "n" => [random.rand(-100..100), random.rand(100) / 8.0, 0.1, 1e16, nil, 2**62, -(2**62), 2**65].sample(random: random),
        "s" => [nil, "", "a", "ab", "b", "\u00e9"].sample(random: random) }
    end
  end

  let(:random) { Random.new(23) }

  def key(value) = value.is_a?(Float) && value.zero? ? 0.0 : value

  it "sums and counts as Ruby does, and as exactly as floats allow" do
    20.times do
      input = rows(random, 500)
      result = run({ group: { by: %w[k l], count: true, sum: "n", mean: "n", min: %w[n s], max: %w[n s] } }, input)
      groups = input.group_by { |row| [key(row["k"]), row["l"]] }
      expect(result.map { |row| row.values_at("k", "l") }).to match_array(groups.keys)
      result.each { |row| compare(row, groups.fetch(row.values_at("k", "l"))) }
    end
  end

  def compare(row, group)
    numbers = group.filter_map { |one| one["n"] }
    texts = group.filter_map { |one| one["s"] }
    expect(row.values_at("count", "min_n", "max_n", "min_s", "max_s"))
      .to eq([group.size, numbers.min, numbers.max, texts.min_by(&:b), texts.max_by(&:b)])
    exact = numbers.sum(0r, &:to_r)
    slack = numbers.sum(&:abs) * 1e-15
    expect(row["sum_n"]).to be_within(slack).of(exact)
    expect(row["sum_n"]).to eq(exact).and(be_an(Integer)) if numbers.all? { |number| number.is_a?(Integer) && number.bit_length < 64 }
    expect(row["mean_n"]).to numbers.empty? ? be_nil : be_within(slack).of(exact / numbers.size)
  end

  it "passes each kind once, and the first ones sorted" do
    input = rows(random, 2_000)
    expect(run({ distinct: %w[k s] }, input).map { |row| [key(row["k"]), row["s"]] })
      .to match_array(input.map { |row| [key(row["k"]), row["s"]] }.uniq)

    with_numbers = input.select { |row| row["n"] }
    [true, false].each do |ascending|
      sorted = with_numbers.map { |row| row["n"] }.sort
      expected = ascending ? sorted.first(50) : sorted.last(50).reverse
      expect(run({ top: { n: 50, by: "n", ascending: ascending } }, input).map { |row| row["n"] }).to eq(expected)
    end
    expect(run({ top: { n: 9, by: "s" } }, input).map { |row| row["s"] }).to eq(["\u00e9"] * 9)
  end

  it "holds one text per extreme, whatever the order" do
    texts = Array.new(20_000) { |i| { "t" => format("%08d", i) } }
    expect(run({ group: { min: "t", max: "t" } }, texts)).to eq([{ "min_t" => "00000000", "max_t" => "00019999" }])
  end

  it "reads CSV as Ruby's CSV does" do
    require "csv"
    require "tempfile"
    pieces = ["a", "1", "", '"', '""', ",", "\n", "\r\n", "caf\u00e9", ";", " ", '"x"', "'"]
    tables = Array.new(150) do
      table = Array.new(random.rand(1..6)) { Array.new(3) { Array.new(random.rand(4)) { pieces.sample(random: random) }.join } }
      ends = ["\n", "\r\n"].sample(random: random)
      [CSV.generate(row_sep: ends, force_quotes: random.rand(2).zero?) { |csv| table.each { |row| csv << row } }, ends]
    end
    tables.each do |text, ends|
      Tempfile.create("csv") do |file|
        file.write(text)
        file.flush
        got = run({ lines: { path: file.path, block: random.rand(1..50) } }, { csv: { headers: %w[a b c] } }, nil, ordered: true)
        expect(got.map(&:values)).to eq(CSV.parse(text, row_sep: ends).map { |row| row.map(&:to_s) }), text.inspect
      end
    end
  end
end
