# frozen_string_literal: true

require "json"
require "spec_helper"

RSpec.describe "the native stage json" do
  def run(lines, options, **more)
    rejects = []
    rows = Minigun::Native::Chain.new({ json: options }, ordered: true, on_reject: rejects.method(:<<), **more).each(lines).to_a
    [rows, rejects]
  end

  # What Ruby makes of a line: a Hash, or nil for what is no JSON object.
  def ruby(line)
    value = JSON.parse(line)
    value if value.is_a?(Hash)
  rescue JSON::ParserError
    nil
  end

  VALUES = ["1", "-0", "12.5", "1e3", "-1.5E-7", "123456789012345678901234567890", "9223372036854775807", "0.1", "true",
            "false", "null", '""', '"plain"', '"\\u00e9\\n\\"\\\\\\/"', '"\\ud83d\\ude00"', "[]", "{}", '[1,[2,{"a":[]}]]',
            '{"x":{"y":"z"}}', '"caf\u00e9"'].freeze
  BROKEN = ["", "{", "}", "[]", "1", '"x"', '{"a"}', '{"a":}', '{"a":1,}', '{"a":1 "b":2}', '{"a":01}', '{"a":1.}', '{"a":.5}',
            '{"a":tru}', '{"a":truex}', '{"a":1}x', '{"a":1}{"a":2}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"b', '{a:1}',
            '{"a":[1,2}', '{"a":{"b":1]}', '{"a":"\\ud800"}', '{"a":-}', '{"a":1e}', "{\"a\":\"\x01\"}", '{"a":nul}',
            '{"a":[1 2]}', '{"a":"x"y}', "{'a':1}", '{"a":1,,"b":2}', '{,}', '{"a":+1}'].freeze

  it "reads what Ruby reads" do
    lines = VALUES.map { |value| %( { "skip" : [#{value}], "a" : #{value} ,"b":#{value}}) }
    rows, rejects = run(lines, %w[a b])
    expect(rejects).to be_empty
    expect(rows).to eq(lines.map { |line| ruby(line).slice("a", "b") })
  end

  it "rejects what Ruby rejects, and nothing beside it" do
    lines = BROKEN.flat_map { |line| [line, '{"a":1,"b":"good"}'] }
    rows, rejects = run(lines, %w[a])
    expect(rejects.map(&:record).map(&:b)).to eq(BROKEN.map(&:b))
    expect(rows).to eq([{ "a" => 1 }] * BROKEN.size)
  end

  it "agrees with Ruby on random lines, whole and damaged" do
    random = Random.new(42)
    lines = Array.new(3_000) do
      members = Array.new(random.rand(5)) { %("#{%w[a b c long_member_name].sample(random: random)}":#{VALUES.sample(random: random)}) }
      line = "{#{members.join([",", " , "].sample(random: random))}}"
      line[random.rand(line.size)] = %w[{ } [ ] : , " 0 x].sample(random: random) if random.rand(3).zero?
      line
    end
    rows, rejects = run(lines, %w[a long_member_name c])
    bad = lines.reject { |line| ruby(line) }
    # Escapes are read only in members that are selected, and then Ruby takes some that are none.
    wrong_escapes, rejected = rejects.partition { |reject| reject.text.include?("escape") }.map { |part| part.map(&:record) }
    missed = bad - rejected - wrong_escapes
    expect(missed).to all(include("\\"))
    expect(rejected - bad).to be_empty
    lines_read = lines - missed - rejected - wrong_escapes
    expected = lines_read.map { |line| %w[a long_member_name c].to_h { |name| [name, ruby(line)[name]] } }
    expect(rows.uniq - expected).to have_attributes(size: be <= missed.size)
    expect(expected - rows).to be_empty
  end

  it "filters as Ruby would" do
    lines = Array.new(200) { |i| { "n" => i, "f" => i / 8.0, "s" => "s#{i % 3}", "z" => (i.even? ? nil : true) }.to_json }
    rows = lines.map { |line| JSON.parse(line) }
    { { "n" => 10..20 } => ->(row) { (10..20).cover?(row["n"]) },
      { "n" => 10...20 } => ->(row) { (10...20).cover?(row["n"]) },
      { "f" => ..3 } => ->(row) { row["f"] <= 3 },
      { "s" => "s1" } => ->(row) { row["s"] == "s1" },
      { "s" => %w[s0 s2], "n" => 100.. } => ->(row) { row["s"] != "s1" && row["n"] >= 100 },
      { "s" => { not: "s1" } } => ->(row) { row["s"] != "s1" },
      { "z" => nil } => ->(row) { row["z"].nil? },
      { "z" => true } => ->(row) { row["z"] },
      { "missing" => nil } => ->(_) { true },
      { "s" => 1.. } => ->(_) { false } }.each do |where, test|
      expect(run(lines, { where: where }).first).to eq(lines.select { |line| test.call(JSON.parse(line)) }), where.inspect
      expect(run(lines, { select: %w[n s], where: where }).first)
        .to eq(rows.select(&test).map { |row| row.slice("n", "s") }), where.inspect
    end
  end

  it "names file and line of what it rejects, also where a file is split" do
    Tempfile.create("lines") do |file|
      file.write(Array.new(500) { |i| i % 100 == 7 ? "broken\n" : %({"a":#{i}}\n) }.join)
      file.flush
      rejects = []
      Minigun::Native::Chain.new({ lines: { path: file.path, block: 512 } }, { json: ["a"] }, workers: 3,
                                 on_reject: rejects.method(:<<)).to_a
      expect(rejects.map(&:line)).to match_array([8, 108, 208, 308, 408])
      expect(rejects.map(&:source).uniq).to eq([file.path])
      expect(rejects.map(&:offset).sort.map { |offset| File.read(file.path)[offset, 6] }.uniq).to eq(["broken"])
    end
  end
end
