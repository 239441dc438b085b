# frozen_string_literal: true

require "spec_helper"
require "stringio"
require "tmpdir"

RSpec.describe "books of native stages", :interrupting do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  before do
    @logger = Minigun.logger
    Minigun.logger = Logger.new(StringIO.new)
    File.write("records", Array.new(7) { |i| i.between?(2, 4) ? "none\n" : %({"a":#{i}}\n) }.join)
  end

  after { Minigun.logger = @logger }

  def job(&definition)
    Class.new do
      include Minigun::DSL
      attr_reader :rows

      define_method(:initialize) { @rows = [] }
      class_eval(&definition)
    end.new
  end

  it "count what replaced a record as done" do
    object = job do
      native :read, lines: "records"
      native :parse, json: %w[a], on_error: ->(_, line) { { "a" => line } }
      consumer(:keep) { |row| @rows << row }
    end
    object.run

    expect(object.rows).to match_array(Array.new(7) { |i| { "a" => i.between?(2, 4) ? "none" : i } })
    expect(object.last_result.stage(:parse)).to have_attributes(accepted: 7, done: 7, failed: 0, produced: 7)
    expect(object._minigun_task.root_pipeline.stats.for_stage(:parse)).to have_attributes(items_consumed: 7, items_failed: 0)
  end

  it "count what replaced an item that no native stage takes as done" do
    object = job do
      producer(:make) { [:odd, '{"a":1}'].each { |item| emit item } }
      native :parse, json: %w[a], on_error: ->(_, item) { { "a" => item } }
      consumer(:keep) { |row| @rows << row }
    end
    object.run

    expect(object.rows).to contain_exactly({ "a" => :odd }, { "a" => 1 })
    expect(object.last_result.stage(:parse)).to have_attributes(accepted: 2, done: 2, failed: 0)
  end

  it "pass on what replaced a record to the next native stage" do
    object = job do
      native :read, lines: "records"
      native :parse, json: %w[a], on_error: ->(*) { { "a" => 0 } }
      native :count, group: "a"
      consumer(:keep) { |row| @rows << row }
    end
    object.run

    expect(object.rows).to include({ "a" => 0, "count" => 4 })
    expect(object.last_result).to be_ok
  end

  it "count each record once where the policy ends the run, however late its chain hears of that" do
    [{ on_error: :raise }, { max_errors: 1 }].each do |policy|
      object = job do
        native :read, lines: "records"
        native :parse, json: %w[a], **policy
        consumer(:keep) { |row| @rows << row }
      end

      expect { object.run }.to raise_error(Minigun::Error)
      expect(object.last_result.stage(:parse)).to have_attributes(accepted: be <= 7, undelivered: be_between(1, 3))
    end
  end
end
