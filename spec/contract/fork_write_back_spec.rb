# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Write-back from children" do
  # A job with the given instance variables, whose forked stage runs the block for each batch.
  def forked(ivars, batches: 1, hooks: proc {}, &block)
    forking = job do
      attr_reader(*ivars.keys.map { |name| name.to_s.delete("@") })

      producer(:gen) { batches.times { |n| emit n } }
      accumulator(:pack, max_size: 1)
      spawn_fork(:work, &block)
      class_exec(&hooks)
    end
    ivars.each { |name, value| forking.instance_variable_set(name, value) }
    forking
  end

  def left_by(ivars, **options, &block)
    forking = forked(ivars, **options, &block)
    forking.run
    values = ivars.keys.to_h { |name| [name, forking.instance_variable_get(name)] }
    values.size == 1 ? values.values.first : values
  end

  describe "of a Set" do
    it "adds and takes away members, in place, also inside Hashes" do
      set = Set[:old, :kept]
      result = left_by({ :@set => set, :@table => { seen: Set.new } }, batches: 3) do |batch|
        @set.merge(batch).delete(:old)
        @table[:seen].merge(batch)
      end

      expect(result[:@set]).to be(set).and eq(Set[:kept, 0, 1, 2])
      expect(result[:@table]).to eq({ seen: Set[0, 1, 2] })
    end

    it "brings a new one, and one that took another's place" do
      result = left_by({ :@new => nil, :@other => Set[1].freeze }, batches: 2) do |batch|
        (@new ||= Set.new).merge(batch)
        @other += [5]
      end

      expect(result).to eq({ :@new => Set[0, 1], :@other => Set[1, 5] })
    end
  end

  describe "of an Array" do
    it "appends what children appended, in place" do
      list = [1]
      result = left_by({ :@list => list }, batches: 3) { |batch| @list.push(*batch) }

      expect(result).to be(list)
      expect(list.first).to eq(1)
      expect(list.drop(1)).to contain_exactly(0, 1, 2)
    end

    it "appends to what the parent did meanwhile" do
      list = []
      both = job do
        producer(:gen) { 20.times { |n| emit n } }
        accumulator(:pack, max_size: 5, to: %i[here there])
        consumer(:here) { |batch| @list.concat(batch) }
        spawn_fork(:there) { |batch| @list.concat(batch) }
      end
      both.instance_variable_set(:@list, list)
      both.run

      expect(list.tally).to eq((0...20).to_h { |n| [n, 2] })
    end

    it "keeps nested values" do
      expect(left_by({ :@list => [] }) { |_| @list << [1, [nil, { a: "x" }]] }).to eq([[1, [nil, { a: "x" }]]])
    end

    it "with other changes takes them by a fixed rule" do
      expect(left_by({ :@list => [3, 1, 2] }) { |_| @list.sort! }).to eq([1, 2, 3])
      expect(left_by({ :@list => [3, 1, 2] }) { |_| @list.clear }).to eq([])
    end

    it "may be larger than any pipe" do
      result = left_by({ :@list => [] }, batches: 2) { |_| 2_000.times { |n| @list << "line #{n} " * 100 } }

      expect(result.size).to eq(4_000)
      expect(result.last).to eq("line 1999 " * 100)
    end
  end

  describe "of a Hash" do
    it "merges per key, in place" do
      table = { old: 1 }
      result = left_by({ :@table => table }, batches: 3) { |(n)| @table[n] = n * 10 }

      expect(result).to be(table)
      expect(table).to eq({ old: 1, 0 => 0, 1 => 10, 2 => 20 })
    end

    it "merges Arrays, counters and Hashes inside by the same rules" do
      result = left_by({ :@table => { list: [:a], sum: 5, deep: { sum: 1 } } }, batches: 3) do |(n)|
        @table[:list] << n
        @table[:sum] += n
        @table[:deep][:sum] += 10
      end

      expect(result).to match({ list: a_collection_containing_exactly(:a, 0, 1, 2), sum: 8, deep: { sum: 31 } })
    end

    it "keeps a default value" do
      result = left_by({ :@counts => Hash.new(0) }, batches: 4) { |(n)| @counts[n.even?] += 1 }

      expect(result).to eq({ true => 2, false => 2 })
      expect(result[:other]).to eq(0)
    end

    it "takes times, strings and nil as they are" do
      at = Time.at(1)
      result = left_by({ :@table => { at: nil, text: "a" } }) { |_| @table.update(at: at, text: "b", more: nil) }

      expect(result).to eq({ at: at, text: "b", more: nil })
    end
  end

  it "adds differences of numbers" do
    result = left_by({ :@count => 10, :@sum => 0.5 }, batches: 4) do |(n)|
      @count += n
      @sum += 0.25
    end

    expect(result).to eq({ :@count => 16, :@sum => 1.5 })
  end

  it "replaces other values" do
    before = { :@flag => false, :@text => "a", :@name => :a, :@none => 1, :@at => nil }
    result = left_by(before) do |_|
      @flag, @text, @name, @none, @at = true, "b", :b, nil, Time.at(5)
    end

    expect(result).to eq({ :@flag => true, :@text => "b", :@name => :b, :@none => nil, :@at => Time.at(5) })
  end

  it "sets what was absent" do
    setting = forked({}) { |batch| @fresh = batch }
    setting.run

    expect(setting.instance_variable_get(:@fresh)).to eq([0])
  end

  it "leaves alone what was not touched" do
    list, text, object = [1], +"text", Object.new
    result = left_by({ :@list => list, :@text => text, :@object => object }) { |_| nil }

    expect(result.values).to match([be(list), be(text), be(object)])
  end

  it "skips what can't be marshalled, and only that" do
    lock = Mutex.new
    result = left_by({ :@lock => lock, :@io => nil, :@proc => nil, :@list => [], :@table => {} }) do |_|
      @lock, @io, @proc = Mutex.new, $stdout, proc {}
      @table[:bad] = proc {}
      @table[:good] = 1
      @list << 1
    end

    expect(result).to include(:@lock => be(lock), :@list => [1])
    expect(result[:@table]).to include(good: 1)
  end

  it "says so when results are among it" do
    log = StringIO.new
    logger, Minigun.logger = Minigun.logger, Logger.new(log)
    result = left_by({ :@list => [], :@fine => [] }, batches: 1) do |batch|
      @list << proc {}
      @fine << batch[0]
    end

    expect(result).to eq({ :@list => [], :@fine => [0] })
    expect(log.string.scan("[Pipeline:default][Stage:work] what a child added to @list stays there").size).to eq(1)
    expect(log.string).not_to include("@fine")
  ensure
    Minigun.logger = logger
  end

  it "takes user objects that can't be marshalled themselves" do
    guarded = forked({ :@list => [] }) { |batch| @list << batch }
    guarded.instance_variable_set(:@lock, Monitor.new)
    guarded.instance_variable_set(:@default, Hash.new { |hash, key| hash[key] = [] })
    guarded.define_singleton_method(:special) { 1 }
    guarded.run

    expect(guarded.list).to eq([[0]])
  end

  it "merges a container reachable twice once" do
    list = []
    result = left_by({ :@list => list, :@same => list }) { |_| @list << 1 }

    expect(result).to match({ :@list => be(list), :@same => be(list) })
    expect(list).to eq([1])
  end

  it "carries what after_fork hooks did" do
    hooks = proc do
      max_processes 1
      after_fork { @events << :all }
      after_fork(:work) { @ready = @events << :work }
    end
    result = left_by({ :@events => [], :@ready => false }, hooks: hooks) { |_| @ready = !@ready.equal?(nil) }

    expect(result).to eq({ :@events => %i[all work], :@ready => true })
  end

  it "carries what before_fork hooks did, once" do
    hooks = proc { before_fork { @events << :parent } }

    expect(left_by({ :@events => [] }, hooks: hooks) { |_| @events << :child }).to eq(%i[parent child])
  end

  it "works for streams of items by :fork_ipc" do
    streamed = job do
      producer(:gen) { 100.times { |n| emit n } }
      consumer(:keep, strategy: :fork_ipc) { |n| @out << n }
    end
    streamed.run

    expect(streamed.out).to match_array(0...100)
  end

  it "works on a bare object" do
    context = Object.new
    context.instance_variable_set(:@list, [])
    line = pipeline do |p|
      p.add_stage(:producer, :gen) { 3.times { |n| emit n } }
      p.add_stage(:accumulator, :pack, max_size: 2)
      p.add_stage(:consumer, :keep, strategy: :spawn_fork) { |batch| @list << batch }
    end
    line.run(context)

    expect(context.instance_variable_get(:@list)).to contain_exactly([0, 1], [2])
  end

  it "works for forked stages of nested pipelines" do
    nested = job do
      producer(:gen) { 3.times { |n| emit n } }
      pipeline :inner do
        accumulator(:pack, max_size: 2)
        spawn_fork(:keep) { |batch| @out << batch }
      end
    end
    nested.run

    expect(nested.out).to contain_exactly([0, 1], [2])
  end
end
