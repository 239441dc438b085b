# frozen_string_literal: true

require "spec_helper"
require "minigun/execution/fork/write_back"

# A user object as the parent has it, and one as a child of it has.
RSpec.describe Minigun::Execution::Fork::WriteBack do
  let(:parent) { Object.new }

  # A child: a deep copy of the parent as it is now, and what records its changes.
  def child_of(object)
    copy = Object.new
    object.instance_variables.each do |name|
      value = object.instance_variable_get(name)
      copied = begin
        Marshal.load(Marshal.dump(value))
      rescue TypeError
        value.is_a?(Hash) ? Hash.new(&value.default_proc).update(value) : value
      end
      copy.instance_variable_set(name, copied)
    end
    [copy, described_class::Recorder.new(copy)]
  end

  def set(object, **values)
    values.each { |name, value| object.instance_variable_set(:"@#{name}", value) }
    object
  end

  def get(name, object = parent) = object.instance_variable_get(:"@#{name}")

  def merge(recorder)
    bytes = recorder.changes
    described_class.merge(parent, bytes) if bytes
    bytes
  end

  # Lets the block change a child of the parent, and brings the changes back.
  def change(&block)
    copy, recorder = child_of(parent)
    copy.instance_eval(&block)
    merge(recorder)
  end

  it "sends nothing where nothing has changed" do
    set(parent, list: [1], table: { a: [1] }, number: 1, text: "t", time: Time.now, nothing: nil)
    expect(change {}).to be_nil
  end

  describe "arrays" do
    it "appends what was appended to what the parent has by now" do
      set(parent, list: list = [1])
      copy, recorder = child_of(parent)
      copy.instance_eval { @list << 2 << 3 }
      list << 10
      merge(recorder)

      expect(get(:list)).to equal(list)
      expect(list).to eq([1, 10, 2, 3])
    end

    it "counts a longer array in its place as appending" do
      set(parent, list: [1])
      change { @list += [2] }
      expect(get(:list)).to eq([1, 2])
    end

    it "replaces the content after any other change, in place" do
      set(parent, list: list = [3, 1, 2])
      change { @list.sort! }
      expect(get(:list)).to equal(list)
      expect(list).to eq([1, 2, 3])

      change { @list.clear }
      expect(list).to eq([])
    end

    it "adds up what several children append" do
      set(parent, list: [])
      children = Array.new(3) { child_of(parent) }
      children.each_with_index { |(copy, _), index| copy.instance_eval { @list << index } }
      children.each { |_, recorder| merge(recorder) }
      expect(get(:list)).to contain_exactly(0, 1, 2)
    end

    it "goes on from what was sent before" do
      set(parent, list: [])
      copy, recorder = child_of(parent)
      3.times { |n| copy.instance_eval { @list << n } and merge(recorder) }
      expect(get(:list)).to eq([0, 1, 2])
      expect(recorder.changes).to be_nil
    end

    it "survives a frozen array in the parent" do
      set(parent, list: [1].freeze)
      change { @list += [2] }
      expect(get(:list)).to eq([1, 2])
    end
  end

  describe "hashes" do
    it "merges per key, in place, keeping the default" do
      set(parent, table: table = Hash.new(7).update(kept: 1, changed: :old))
      change { @table.update(changed: :new, added: [1]) }
      expect(get(:table)).to equal(table)
      expect(table).to eq(kept: 1, changed: :new, added: [1])
      expect(table[:missing]).to eq(7)
    end

    it "follows the same rules inside" do
      set(parent, table: { list: [1], count: 5, text: +"a", inner: { list: [] } })
      lists = [get(:table)[:list], get(:table)[:inner][:list]]
      copy, recorder = child_of(parent)
      copy.instance_eval do
        @table[:list] << 2
        @table[:count] += 3
        @table[:text] << "b"
        @table[:inner][:list] << :deep
      end
      get(:table)[:count] += 100
      merge(recorder)

      expect(get(:table)).to eq(list: [1, 2], count: 108, text: "ab", inner: { list: [:deep] })
      expect([get(:table)[:list], get(:table)[:inner][:list]]).to match([equal(lists[0]), equal(lists[1])])
    end

    it "merges keys that several children made" do
      set(parent, table: Hash.new { |hash, key| hash[key] = [] }, counts: Hash.new(0))
      children = Array.new(2) { child_of(parent) }
      children.each { |copy, _| copy.instance_eval { @table[:new] << 1 and @counts[:new] += 2 } }
      children.each { |_, recorder| merge(recorder) }
      expect(get(:table)).to eq(new: [1, 1])
      expect(get(:counts)).to eq(new: 4)
    end

    it "takes keys away that the child took away" do
      set(parent, table: { a: 1, b: 2 })
      change { @table.delete(:a) }
      expect(get(:table)).to eq(b: 2)
    end

    it "puts one key in another's place" do
      set(parent, table: table = { a: 1, c: 3 })
      change { @table.delete(:a) && (@table = { b: 1, **@table }) }

      expect([get(:table), get(:table).equal?(table)]).to eq([{ c: 3, b: 1 }, true])
    end

    it "keeps up with a key that changes again and again" do
      set(parent, table: { list: [] })
      copy, recorder = child_of(parent)
      copy.instance_eval { @table[:n] = 1 and @table[:list] << 1 }
      merge(recorder)
      copy.instance_eval { @table[:n] += 4 and @table[:list] << 2 and @table[:late] = +"x" }
      merge(recorder)
      copy.instance_eval { @table[:late] << "y" and @table.delete(:n) }
      merge(recorder)
      expect(get(:table)).to eq(list: [1, 2], late: "xy")
    end
  end

  describe "numbers" do
    it "adds the difference" do
      set(parent, count: 5, sum: 0.5)
      children = Array.new(2) { child_of(parent) }
      children.each { |copy, _| copy.instance_eval { @count += 2 and @sum += 0.25 } }
      children.each { |_, recorder| merge(recorder) }
      expect([get(:count), get(:sum)]).to eq([9, 1.0])
    end

    it "sets one that was none at the fork, also when it changes again" do
      set(parent, later: nil)
      copy, recorder = child_of(parent)
      copy.instance_eval { @fresh = @later = 3 }
      merge(recorder)
      copy.instance_eval { @fresh = @later = 5 }
      merge(recorder)
      expect([get(:fresh), get(:later)]).to eq([5, 5])
    end

    it "carries floats exactly while nobody else changes them" do
      set(parent, sum: 0.1)
      copy, recorder = child_of(parent)
      10.times { copy.instance_eval { @sum += 0.1 } and merge(recorder) }
      expect(get(:sum)).to eq(get(:sum, copy))
    end
  end

  describe "anything else" do
    it "is replaced when it is another value" do
      set(parent, flag: false, text: "a", time: Time.at(0), symbol: :a, list: [1], kind: 1)
      change { @flag, @text, @time, @symbol, @list, @kind = true, "b", Time.at(9), nil, :none, "one" }
      expect(%i[flag text time symbol list kind].map { |name| get(name) })
        .to eq([true, "b", Time.at(9), nil, :none, "one"])
    end

    it "knows strings by their content" do
      set(parent, text: "same")
      expect(change { @text = "same".dup }).to be_nil
      change { @text = @text.dup << "!" }
      expect(get(:text)).to eq("same!")
    end
  end

  describe "variables that were absent at the fork" do
    it "are set" do
      change { @made = { a: [1] } }
      expect(get(:made)).to eq(a: [1])
    end

    it "are merged where they are arrays or hashes by then" do
      children = Array.new(2) { child_of(parent) }
      children.each do |copy, _|
        copy.instance_eval { (@list ||= []) << 1 and (@table ||= Hash.new(0))[:n] += 1 }
      end
      children.each { |_, recorder| merge(recorder) }
      expect(get(:list)).to eq([1, 1])
      expect(get(:table)).to eq(n: 2)
    end
  end

  describe "what can't be carried" do
    it "is skipped, variable by variable" do
      set(parent, lock: lock = Mutex.new, io: $stdout, good: [])
      change do
        @lock = Mutex.new
        @io = $stderr
        @proc = proc {}
        @good << 1
      end
      expect(get(:good)).to eq([1])
      expect(get(:lock)).to equal(lock)
      expect(parent.instance_variable_defined?(:@proc)).to be(false)
    end

    it "is skipped, key by key" do
      set(parent, table: { inner: {} })
      change { @table.update(:good => 1, :bad => proc {}, proc {} => 2) and @table[:inner].update(good: 2, bad: $stdout) }
      expect(get(:table)).to eq(good: 1, inner: { good: 2 })
    end

    it "is skipped where the parent doesn't know its class" do
      stub_const("Passing", Struct.new(:number))
      copy, recorder = child_of(parent)
      set(copy, strange: Passing.new(1), good: 2)
      bytes = recorder.changes
      hide_const("Passing")
      described_class.merge(parent, bytes)

      expect(parent.instance_variables).to eq([:@good])
      expect(get(:good)).to eq(2)
    end

    it "is not the user object itself" do
      change { @myself = self and @good = 1 }
      expect(get(:good)).to eq(1)
      expect(parent.instance_variable_defined?(:@myself)).to be(false)
    end
  end

  it "leaves what Ruby itself keeps in an object, as the message of an exception" do
    child = KeyError.new("of the child").exception
    set(child, list: [1])
    recorder = described_class::Recorder.new(child)
    raise child rescue set(child, list: [1, 2]) # rubocop:disable Style/RescueModifier
    set(parent, list: [1])
    merge(recorder)

    expect(parent.instance_variables).to eq(%i[@list])
    expect(get(:list)).to eq([1, 2])
  end

  it "merges a container that two variables hold once" do
    set(parent, left: list = [1], right: list)
    copy, recorder = child_of(parent)
    copy.instance_variable_set(:@right, get(:left, copy))
    merge(recorder)
    copy.instance_eval { @left << 2 }
    merge(recorder)
    expect(get(:left)).to eq([1, 2])
    expect(get(:right)).to equal(get(:left))
  end

  it "survives circles" do
    set(parent, table: table = {})
    table[:self] = table
    change { @table[:n] = 1 }
    expect(get(:table)[:n]).to eq(1)
  end

  it "looks at a large table quickly" do
    set(parent, table: (1..200_000).to_h { |n| [n, n] })
    copy, recorder = child_of(parent)
    copy.instance_eval { @table[5] += 1 }
    from = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
    bytes = recorder.changes
    expect(Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - from).to be < 0.5
    expect(bytes.bytesize).to be < 500
  end
end
