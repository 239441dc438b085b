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
    bad = lines.reject { |line| ruby(line) }
    [nil, { "a" => 1 }, { "b" => nil, "c" => { not: true } }].each do |where|
      # Of members that occur twice each must meet its conditions, for Ruby the last.
      lines = lines.reject { |line| %w[a b c].any? { |name| line.scan(%("#{name}")).size > 1 } } if where
      rows, rejects = run(lines, { select: %w[a long_member_name c], where: where })
      rejected = rejects.map(&:record)
      expect((bad & lines) - rejected).to be_empty
      # Ruby takes escapes that are none.
      expect(rejects.reject { |reject| bad.include?(reject.record) }.map(&:text).uniq - ["a JSON string has a wrong escape"]).to be_empty
      good = (lines - rejected).map { |line| ruby(line) }
      good.select! { |row| where.all? { |name, value| value.is_a?(Hash) ? row[name] != value[:not] : row[name] == value } } if where
      expect(rows).to eq(good.map { |row| %w[a long_member_name c].to_h { |name| [name, row[name]] } })
    end
  end

  it "looks into objects within objects" do
    random = Random.new(3)
    lines = Array.new(1_000) do
      value = ->(depth) { depth.zero? || random.rand(3).zero? ? [1, "x", nil, [{ "id" => 9 }]].sample(random: random) : value.object(depth - 1) }
      value.define_singleton_method(:object) { |depth| Array.new(random.rand(4)) { [%w[user id a/b ~].sample(random: random), value.call(depth)] }.to_h }
      value.object(3).to_json
    end
    paths = [%w[user id], ["user"], %w[user user id], ["a/b", "~", "id"], "id"]
    [nil, { %w[user id] => 1 }, { ["a/b", "id"] => { not: nil } }].each do |where|
      rows, rejects = run(lines, { select: paths, where: where })
      expected = lines.map { |line| JSON.parse(line) }
      expected.select! { |row| where.all? { |path, value| value == 1 ? dug(row, path) == 1 : !dug(row, path).nil? } } if where
      expect(rejects).to be_empty
      expect(rows).to eq(expected.map { |row| paths.to_h { |path| [[*path].join("."), dug(row, path)] } })
    end
    expect(run(['{"user":{"id":5}}'], { select: { who: %w[user id] } }).first).to eq([{ "who" => 5 }])
    expect(run(['{"/x":5}'], ["/x"]).first).to eq([{ "/x" => 5 }])
    expect(run(['{"u":{"i":1},"u":{"j":2}}', '{"u":{"i":1},"u":3}'], [%w[u i], "u"]).first)
      .to eq([{ "u.i" => nil, "u" => { "j" => 2 } }, { "u.i" => nil, "u" => 3 }])
    expect { run([], { select: [[]] }) }.to raise_error(ArgumentError, /a member is a name, or an Array of names/)
    expect { run([], (0..64).map(&:to_s)) }.to raise_error(Minigun::NativeError, /64/)
    expect { run([], [["a"] * 18]) }.to raise_error(Minigun::NativeError, /16 objects within each other/)
  end

  def dug(row, path)
    [*path].inject(row) { |value, name| value.is_a?(Hash) ? value[name] : nil }
  end

  it "looks no further at what is ruled out, if told so, than for its end" do
    lines = ['{"n":1,"x":nonsense}', '{"n":1,"x":', '{"u":{"n":1,"x":?}}', '{"n":7,"x":nonsense}', '{"n":7,"u":{"n":9}}', '{"n":1}{}']
    rows, rejects = run(lines, { where: { "n" => 5.., %w[u n] => 5.. }, lazy: true })
    expect(rows).to eq(['{"n":7,"u":{"n":9}}'])
    expect(rejects.map(&:record)).to contain_exactly('{"n":1,"x":', '{"n":7,"x":nonsense}')
    expect(run(lines, { where: { "n" => 5.., %w[u n] => 5.. } }).last.size).to eq(5)
  end

  it "compares numbers of any size as Ruby does" do
    numbers = ["9007199254740993", "9007199254740992.0", "1e30", "-1e30", "1#{"0" * 40}", "9223372036854775807", "9223372036854775808", "-0.0", "0"]
    lines = numbers.map { |number| %({"n":#{number}}) }
    [9_007_199_254_740_992.0, 9_007_199_254_740_993, 2**63, 1e31, 0, -1e31, 9_223_372_036_854_775_807].each do |bound|
      expect(run(lines, { where: { "n" => bound.. } }).first).to eq(lines.select { |line| JSON.parse(line)["n"] >= bound }), bound.inspect
    end
    expect { run([], { where: { "n" => [] } }) }.to raise_error(ArgumentError, /an empty Array lets nothing through/)
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
