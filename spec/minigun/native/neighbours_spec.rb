# frozen_string_literal: true

require "spec_helper"
require "tmpdir"
require "zlib"

# What a native stage is told of its neighbours doesn't depend on whether they are of one chain.
RSpec.describe "native stages beside those of another chain" do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  before { File.write("people.csv", "id,name\n" + Array.new(300) { |i| %(#{i},"N, #{i}\n"\n) }.join) }

  def run(&definition)
    job = Class.new do
      include Minigun::DSL
      attr_reader :rows, :lines

      define_method(:initialize) { @rows, @lines = [], [] }
      class_eval(&definition)
    end.new
    job.run
    job
  end

  let(:expected) { Array.new(300) { |i| { "id" => i.to_s, "name" => "N, #{i}\n" } } }

  it "reads records of CSV whole where only the stage behind keeps the order" do
    job = run do
      native :read, lines: "people.csv"
      native :parse, csv: true, ordered: true
      consumer(:keep) { |row| @rows << row }
    end

    expect(job.rows).to match_array(expected)
  end

  it "reads records of CSV whole where there is another reader, too" do
    job = run do
      native :read, lines: "people.csv", to: %i[parse other]
      native :parse, csv: true, to: :keep
      consumer(:other) { |line| @lines << line }
      consumer(:keep) { |row| @rows << row }
    end

    expect(job.rows).to match_array(expected)
    expect(job.lines.size).to eq(301)
  end

  it "puts nothing between what was packed where the writer is of another chain" do
    run do
      native :read, lines: "people.csv"
      native :pack, compress: :gzip, workers: 1
      native :write, write: "people.gz", ordered: true
    end

    unpacked = +""
    File.open("people.gz", "rb") { |file| Zlib::GzipReader.zcat(file) { |part| unpacked << part } }
    expect(unpacked.lines).to match_array(File.readlines("people.csv"))
  end
end
