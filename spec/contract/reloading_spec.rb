# frozen_string_literal: true

require_relative "contract_helper"
require "tmpdir"

RSpec.describe "Reloading program files" do
  around { |example| Dir.mktmpdir { |dir| (@dir = dir) && example.run } }

  before { stub_const("Reloaded", Module.new) }

  # Writes a file whose classes live in Reloaded, and loads it.
  def load_file(name, code)
    path = File.join(@dir, "#{name}.rb")
    File.write(path, "module Reloaded\n#{code}\nend\n")
    reload(name)
  end

  def reload(name)
    verbose, $VERBOSE = $VERBOSE, nil
    load File.join(@dir, "#{name}.rb")
  ensure
    $VERBOSE = verbose
  end

  def out_of(name) = Reloaded.const_get(name).new.tap(&:run).out

  def edges(name)
    dag = root(Reloaded.const_get(name)).dag
    dag.nodes.to_h { |node| [node, dag.downstream(node).dup] }
  end

  let(:base) { <<~RUBY }
    class Base
      include Minigun::DSL
      attr_reader :out
      def initialize = @out = []
      before_run { @out << :start }
      producer(:gen) { [1, 2].each { |n| emit n } }
      processor(:inc, before: -> { @out << :before }) { |n| emit n + 1 }
      consumer(:keep) { |n| @out << n }
      after_run { @out << :stop }
    end
  RUBY

  let(:child) { <<~RUBY }
    class Child < Base
      before(:neg) { @out << :neg }
      processor(:neg) { |n| emit(-n) }
      reroute_stage :inc, to: :neg
      reroute_stage :neg, to: :keep
    end
  RUBY

  describe "of a class that includes the DSL" do
    it "starts again: nothing doubles" do
      load_file(:base, base)
      first = [out_of(:Base).tally, edges(:Base)]
      3.times { reload(:base) }

      expect([out_of(:Base).tally, edges(:Base)]).to eq(first)
      expect(first.first).to eq({ start: 1, before: 2, 2 => 1, 3 => 1, stop: 1 })
      expect(Reloaded::Base._minigun_task.hooks[:before_run].size).to eq(1)
    end

    it "forgets stages that are gone" do
      load_file(:base, base)
      out_of(:Base)
      load_file(:base, base.sub(/^.*processor.*\n/, ""))

      expect(out_of(:Base)).to eq([:start, 1, 2, :stop])
    end

    it "takes changed blocks" do
      load_file(:base, base)
      load_file(:base, base.sub("n + 1", "n * 10"))

      expect(out_of(:Base).grep(Integer)).to eq([10, 20])
    end

    it "goes well with nested pipelines and pipeline blocks" do
      load_file(:nested, <<~RUBY)
        class Nested
          include Minigun::DSL
          attr_reader :out
          def initialize = @out = []
          pipeline do
            producer(:gen) { emit 1 }
            pipeline(:inner) { processor(:inc) { |n| emit n + 1 } }
            consumer(:keep) { |n| @out << n }
          end
        end
      RUBY
      2.times { reload(:nested) }

      expect(out_of(:Nested)).to eq([2])
    end
  end

  describe "of a subclass" do
    before do
      load_file(:base, base)
      load_file(:child, child)
    end

    let(:values) { [-2, -3] }

    it "before a run gives the same results" do
      2.times { reload(:child) }

      expect(out_of(:Child).grep(Integer)).to eq(values)
      expect(out_of(:Child).count(:neg)).to eq(2)
    end

    it "after a run gives the same results and edges" do
      first = [out_of(:Child).tally, edges(:Child)]
      reload(:child)

      expect([out_of(:Child).tally, edges(:Child)]).to eq(first)
    end

    it "raises nothing and replaces the stage" do
      out_of(:Child)
      load_file(:child, child.sub("emit(-n)", "emit n * 100"))

      expect(out_of(:Child).grep(Integer)).to eq([200, 300])
      expect(root(Reloaded::Child).stage_order.count(:neg)).to eq(1)
    end

    it "leaves the parent alone" do
      2.times { reload(:child) }

      expect(out_of(:Base).grep(Integer)).to eq([2, 3])
    end

    it "together with its parent, in the same file, works any number of times" do
      load_file(:both, base + child)
      results = Array.new(3) { reload(:both) && [out_of(:Child), out_of(:Base)] }

      expect(results.map { |pair| pair.map(&:tally) }.uniq.size).to eq(1)
      expect(results.first.first.grep(Integer)).to eq(values)
    end
  end
end
