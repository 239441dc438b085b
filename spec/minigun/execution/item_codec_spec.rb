# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Execution::ItemCodec do
  def round_trip(item)
    bytes, count = described_class.dump([item])
    described_class.load(bytes, count).first
  end

  def same?(left, right)
    left.inspect == right.inspect && left.class == right.class
  end

  let(:point) { Struct.new(:x, :y) }

  before { stub_const("Point", point) }

  [
    nil, true, false, 0, 1, -1, 127, 128, -128, -129, 32_767, 32_768, -32_769, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1,
    2**40, 2**61, 2**62 - 1, 2**62, -(2**62), -(2**62) - 1, 2**63, 2**64, -(2**200), 0.0, -0.0, 1.5, -1e300, 1e-310,
    Float::INFINITY, -Float::INFINITY, :a, :"with space", :ümlaut, :"", "", "ascii", "ümlaut", "\xFF\x00".b, "x" * 100_000,
    "é".encode("ISO-8859-1"), "é".encode("UTF-16LE"), "é".encode("Shift_JIS", undef: :replace), "\xFF", [], [nil], [[], [[]]],
    [1, "a", :b, 2.5, nil], {}, { a: 1 }, { "a" => [1, { b: nil }], nil => {} }, (1..100).to_h { |n| [n, n.to_s] },
    1..2, Rational(1, 3), Complex(1, 2), /x/i, String, Time.at(0, 5, :nsec).utc
  ].each do |item|
    it("carries #{item.inspect[0, 60]}") { expect(same?(round_trip(item), item)).to be true }
  end

  it "leaves to Marshal what holds more keys than a shape and an object of a class" do
    large = (1..200).to_h { |n| [n.to_s, n == 150 ? point.new(1, 2) : n] }

    expect(round_trip(large)).to eq(large)
    expect(round_trip([large, large])).to eq([large, large])
  end

  it "refuses numbers of more bits than there are" do
    expect { described_class.load("\xff".b * 40, 1) }.to raise_error(Minigun::Error)
  end

  it "carries NaN" do
    expect(round_trip(Float::NAN)).to be_nan
  end

  it "keeps the encoding" do
    %w[UTF-8 US-ASCII BINARY UTF-16BE Windows-1252 EUC-JP].each do |name|
      expect(round_trip((+"abcd").force_encoding(name)).encoding.name).to eq(Encoding.find(name).name)
    end
  end

  it "keeps what Marshal keeps, inside arrays and hashes too" do
    defaulted = Hash.new(5).merge(a: 1)
    expect(round_trip(defaulted)[:other]).to eq(5)
    expect(round_trip([Point.new(1, 2)])).to eq([Point.new(1, 2)])
    expect(round_trip({ at: Time.at(1) })).to eq({ at: Time.at(1) })
    expect(round_trip({}.compare_by_identity)).to be_compare_by_identity
  end

  it "keeps circles and shared objects" do
    circle = [1]
    circle << circle
    copy = round_trip(circle)
    expect(copy[1]).to equal(copy)

    shared = Point.new(1, 2)
    left, right = round_trip([shared, shared])
    expect(left).to equal(right)
  end

  it "is not led into exponential work by shared containers" do
    tower = (1..60).inject([0]) { |inner, _| [inner, inner] }
    expect(described_class.dump([tower])[0].bytesize).to be < 10_000
  end

  it "carries deep nesting" do
    deep = (1..500).inject([]) { |inner, _| [inner] }
    expect(round_trip(deep).flatten).to eq([])
  end

  it "carries more arrays in one item than are written one by one" do
    many = Array.new(70_000) { [] }

    expect(round_trip(many)).to eq(many)
  end

  it "carries subclasses and strings with instance variables" do
    stub_const("Name", Class.new(String))
    expect(round_trip(Name.new("x")).class).to eq(Name)

    tagged = +"x"
    tagged.instance_variable_set(:@tag, 1)
    expect(round_trip(tagged).instance_variable_get(:@tag)).to eq(1)
  end

  it "carries arrays and hashes of classes of their own, and with objects as keys" do
    stub_const("Row", Class.new(Hash))
    stub_const("List", Class.new(Array))
    items = [List[1, 2], Row[a: 1], { point.new(1, 2) => 1 }, (1..40).to_h { |n| [point.new(n, n), n] }, { 1e300 => 1 }, { 1e300 => 2 }]

    items.each { |item| expect(same?(round_trip(item), item)).to be true }
    bytes, count = described_class.dump(items)
    expect(same?(described_class.load(bytes, count), items)).to be true
  end

  it "keeps a hash that holds itself" do
    [1, 40].each do |size|
      hash = (1..size).to_h { |n| [n, n] }
      hash[:itself] = hash
      copy = round_trip(hash)

      expect(copy[:itself]).to equal(copy)
      expect(copy.size).to eq(size + 1)
    end
  end

  it "carries many symbols, more than are numbered" do
    symbols = (1..600).map { |n| :"symbol#{n}" } * 2
    expect(round_trip(symbols)).to eq(symbols)
  end

  it "leaves out what can't be written and says why" do
    rejected = []
    bytes, count = described_class.dump([1, proc {}, :kept, [$stdout], { io: $stdin }, 2], rejected)

    expect(described_class.load(bytes, count)).to eq([1, :kept, 2])
    expect(rejected.map(&:first)).to eq([1, 3, 4])
    expect(rejected.map(&:last)).to all(be_a(TypeError))
  end

  it "numbers symbols anew behind an item that was left out" do
    items = [[:early, :gone, proc {}], %i[early gone late], %i[late early]]
    bytes, count = described_class.dump(items)
    expect(described_class.load(bytes, count)).to eq(items.drop(1))
  end

  describe "hashes with the keys of the one before" do
    def same_after_all?(items)
      bytes, count = described_class.dump(items)
      described_class.load(bytes, count).inspect == items.inspect
    end

    it "carries them in few bytes" do
      one, = described_class.dump([{ identifier: 1, address: 2 }])
      many, = described_class.dump(Array.new(101) { |n| { identifier: n, address: n } })
      expect(many.bytesize - one.bytesize).to be <= 100 * 5
    end

    it "tells them from those with other keys, other order, other size" do
      keys = [:a, :b, "c", 4, 5.5, nil, true, 2**70, [1], { z: 1 }]
      random = Random.new(3)
      items = Array.new(500) { keys.sample(random.rand(0..4), random: random).to_h { |key| [key, random.rand(100)] } }
      expect(same_after_all?(items)).to be true
      expect(same_after_all?(items.each_slice(3).to_a)).to be true
      expect(same_after_all?(items.each_slice(2).map { |one, other| { one => other, in: { a: one, b: other } } })).to be true
    end

    it "carries large and deep ones" do
      [15, 16, 17, 40].each { |size| expect(same_after_all?([(1..size).to_h { |n| [n, n] }] * 3)).to be true }
      deep = (1..10).inject(0) { |inner, _| { a: inner, b: [inner] } }
      expect(same_after_all?([deep] * 3)).to be true
    end

    it "carries those that pairs were taken from and put back, in their order" do
      random = Random.new(5)
      items = [3, 8, 9, 16, 17, 40].flat_map do |size|
        hash = (1..size).to_h { |n| [:"k#{n}", n] }
        Array.new(30) do
          key = hash.keys.sample(random: random)
          value = hash.delete(key)
          hash[key] = value unless random.rand(3).zero?
          hash.dup
        end
      end
      expect(same_after_all?(items)).to be true
    end

    it "carries one that is being iterated over or is frozen" do
      [4, 12, 30].each do |size|
        hash = (1..size).to_h { |n| [n, [n]] }
        seen = hash.map { |pair| described_class.load(*described_class.dump([hash, pair]))[0] }
        expect(seen).to all(eq(hash))
        hash[:more] = 1 # no longer held by an iteration
        expect(same_after_all?([hash, hash.dup.freeze])).to be true
      end
    end

    it "leaves them where they are shared with a fork", if: File.exist?("/proc/self/stat") do
      make = -> { Array.new(40_000) { |n| { a: n, b: n } } }
      hashes = make.call
      faults = -> { File.read("/proc/self/stat").rpartition(")").last.split[7].to_i }
      reader, writer = IO.pipe
      pid = fork do
        GC.disable
        own, shared = [make.call, hashes].map do |all|
          before = faults.call
          all.each_slice(100) { |some| described_class.dump(some) }
          faults.call - before
        end
        writer.write(shared - own)
        exit!
      end
      writer.close
      expect(Integer(reader.read)).to be < hashes.size * 40 / 4096 / 2
    ensure
      reader.close
      Process.wait(pid)
    end

    it "keeps a key that was changed from being taken for what it was" do
      key = [1]
      first = { key => 1 }
      second = { [2] => 2 }.compare_by_identity.to_a.to_h
      expect(same_after_all?([first, second, first])).to be true
      names = %w[name name].map(&:dup)
      expect(same_after_all?(names.map { |name| { name => 1 } })).to be true
      expect(described_class.load(*described_class.dump(names.map { |name| { name => 1 } })).map(&:keys).flatten).to all(be_frozen)
    end

    it "forgets them behind an item that could not be written, or needed Marshal" do
      items = [{ a: 1, b: 2 }, { b: 3, a: proc {} }, { b: 5, a: 6 }, { b: 7, a: 1..2 }, { b: 8, a: 9 }, { a: 1, b: 2 }]
      bytes, count = described_class.dump(items, rejected = [])
      expect(described_class.load(bytes, count).inspect).to eq((items - [items[1]]).inspect)
      expect(rejected.map(&:first)).to eq([1])
    end

    it "refuses one that has none before it" do
      expect { described_class.load("\x12\x00".b, 1) }.to raise_error(Minigun::Error)
      expect { described_class.load("\x10\x01\x00\x00\x12".b, 2) }.to raise_error(Minigun::Error)
    end
  end

  it "keeps defaults, default procs and comparison by identity, whatever the size" do
    [0, 1, 4, 8, 9, 40].each do |size|
      pairs = (1..size).to_h { |n| [n, n] }
      expect(round_trip(Hash.new(5).merge(pairs))[:other]).to eq(5)
      expect(round_trip(pairs.dup.compare_by_identity)).to be_compare_by_identity
      _, count = described_class.dump([Hash.new { 1 }.merge(pairs)], rejected = [])
      expect([count, rejected.size]).to eq([0, 1])
    end
  end

  it "leaves out what can't be read and says why" do
    stub_const("Stubborn", Class.new { def self._load(_) = raise("no"); def _dump(_) = "x" })
    bytes, count = described_class.dump([1, Stubborn.new, 3])
    failures = []

    expect(described_class.load(bytes, count, failures)).to eq([1, 3])
    expect(failures.map(&:first)).to eq([1])
    expect(failures.first.last.message).to eq("no")
  end

  it "leaves out items whose code fails otherwise than with a StandardError" do
    [NotImplementedError, NoMemoryError, SystemStackError].each do |type|
      stub_const("Stubborn", Class.new { define_method(:marshal_dump) { raise type, "no" } })
      _, count = described_class.dump([1, Stubborn.new, 3], failures = [])

      expect(count).to eq(2)
      expect(failures.map { |index, error| [index, error.class] }).to eq([[1, type]])
    end
  end

  it "leaves out items nested too deep" do
    _, count = described_class.dump([1, 100_000.times.inject([]) { |inner, _| [inner] }], failures = [])

    expect(count).to eq(1)
    expect(failures.map { |index, error| [index, error.class] }).to eq([[1, SystemStackError]])
    expect { Timeout.timeout(0.05) { sleep } }.to raise_error(Timeout::Error)
  end

  it "lets through what is to leave the process" do
    stub_const("Leaving", Class.new { def marshal_dump = exit })
    expect { described_class.dump([1, Leaving.new, 3], []) }.to raise_error(SystemExit)
  end

  it "lets interrupts of its thread through" do
    stub_const("Endless", Class.new { def marshal_dump = sleep })
    expect { Timeout.timeout(0.05) { described_class.dump([Endless.new]) } }.to raise_error(Timeout::Error)
  end

  describe "fed with nonsense" do
    let(:items) { [1, "text", :sym, { a: [1.5, nil] }, { a: { b: 1 } }, { a: 2**80 }, [:sym, "ä".encode("UTF-16LE")], 1..2] }
    let(:bytes) { described_class.dump(items)[0] }

    it "refuses every truncation" do
      bytes.bytesize.times do |size|
        expect { described_class.load(bytes[0, size], items.size) }.to raise_error(StandardError)
      end
    end

    it "survives any change of bytes" do
      random = Random.new(7)
      plain = described_class.dump(items.first(7))[0]
      20_000.times do
        broken = plain.dup
        rand(1..3).times { broken.setbyte(random.rand(broken.bytesize), random.rand(256)) }
        described_class.load(broken, 7)
      rescue StandardError, NoMemoryError
        next
      end
    end

    it "refuses absurd lengths at once" do
      ["\x0C", "\x0D", "\x0B", "\x10", "\x0E", "\x11", "\x07\x00"].each do |tag|
        expect { described_class.load("#{tag}\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F".b, 1) }.to raise_error(StandardError)
      end
      expect { described_class.load("", 1 << 40) }.to raise_error(Minigun::Error)
      expect { described_class.load("", -1) }.to raise_error(ArgumentError)
    end
  end

  it "survives GC at every allocation", limit: 300 do
    items = [{ "key" => [1, "two", :three, 2**70], sym: nil }, { "key" => 2, sym: "y" * 30 }, :late, "x" * 50, Point.new(1, [2])]
    rejected, failures = [], []
    GC.stress = true
    bytes, count = described_class.dump([*items, proc {}], rejected)
    copies = described_class.load(bytes, count, failures)
    GC.stress = false
    expect(copies).to eq(items)
    expect(rejected.size).to eq(1)
  ensure
    GC.stress = false
  end

  it "round-trips what a generator makes up" do
    random = Random.new(42)
    2000.times do
      item = RandomItem.new(random).make
      expect(same?(round_trip(item), item)).to be(true), item.inspect
    end
  end
end

# Items of all plain kinds, nested.
class RandomItem
  def initialize(random)
    @random = random
  end

  def make(depth = 0)
    case @random.rand(depth > 4 ? 7 : 9)
    when 0 then [nil, true, false].sample(random: @random)
    when 1 then @random.rand(-300..300)
    when 2 then @random.rand(-(2**70)..2**70)
    when 3 then @random.rand(-1e9..1e9)
    when 4 then :"s#{@random.rand(50)}"
    when 5 then @random.bytes(@random.rand(40))
    when 6 then "é" * @random.rand(10)
    when 7 then Array.new(@random.rand(6)) { make(depth + 1) }
    else Array.new(@random.rand(12)) { [make(depth + 2), make(depth + 1)] }.to_h
    end
  end
end
