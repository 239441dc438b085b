# frozen_string_literal: true

require "spec_helper"
require "json"
require "tmpdir"

RSpec.describe Minigun::DeadLetter, :unlogged do
  def job(sink, items: [1, 2, 3], **options, &work)
    Class.new do
      include Minigun::DSL
      attr_reader :dead

      define_method(:initialize) { @dead = [] }
      producer(:gen) { items.each { |item| emit item } }
      processor(:work, dead_letter: sink, **options) { |n| work ? work.call(n) : raise(KeyError, "bad #{n}") }
      consumer(:grave, await: true) { |letter| @dead << letter }
    end.new
  end

  around { |example| Dir.mktmpdir { |folder| (@folder = folder) && example.run } }

  [{}, { threads: 2 }, { execution: :cow_fork, max: 2 }, { execution: :ipc_fork, max: 2 }].each do |context|
    it "goes to an Array, with item, stage, error and attempts (#{context})" do
      object = job(letters = [], retries: 1, backoff: 0, **context)
      object.run

      expect(letters.map(&:item)).to match_array([1, 2, 3])
      expect(letters).to all have_attributes(stage: :work, pipeline: :default, attempts: 2, error: an_instance_of(KeyError))
      expect(object.last_result).to have_attributes(dead: 3, dead_letters: [])
    end

    it "goes to a stage of the graph (#{context})" do
      object = job(:grave, **context)
      object.run

      expect(object.dead.map(&:item)).to match_array([1, 2, 3])
      expect(object.last_result.stage(:grave)).to have_attributes(accepted: 3, done: 3)
      expect(object.last_result.stage(:work)).to have_attributes(dead: 3, produced: 0)
    end
  end

  it "goes to a callable, whose self is the object" do
    object = job(->(letter) { @dead << letter.item })
    object.run

    expect(object.dead).to eq([1, 2, 3])
  end

  it "goes to any object that is called, and to the file of one that has a path" do
    object = job(Struct.new(:kept) { define_method(:call) { |letter| kept << letter.item } }.new(kept = []))
    object.run
    require "pathname"
    job(Pathname.new(@folder).join("dead.ndjson")).run

    expect(kept).to eq([1, 2, 3])
    expect(File.readlines(File.join(@folder, "dead.ndjson")).map { |line| JSON.parse(line)["item"] }).to eq([1, 2, 3])
  end

  it "is refused a sink that is none before anything runs, with the name of the stage" do
    object = job(3) { |n| (@worked ||= []) << n }

    expect { object.run }.to raise_error(Minigun::Error, /\[Pipeline:default\]\[Stage:work\] dead_letter: takes an Array, .* not 3\z/)
    expect(@worked).to be_nil
  end

  it "tells in a file of what can't be told" do
    mute = Class.new { def inspect = raise("no") }
    silent = Class.new(StandardError) { def message = raise("no") }
    job(File.join(@folder, "dead.ndjson"), items: [mute.new]) { |_| raise silent }.run

    expect(File.read(File.join(@folder, "dead.ndjson"))).to include("that can't be shown", "its message can't be told")
  end

  it "stops the run where its file is full" do
    skip "no full device here" unless File.chardev?("/dev/full")

    expect { job("/dev/full").run }.to raise_error(Minigun::DeadLetterError, /file "\/dev\/full" can't be written: .*the letter was for 1/)
  end

  it "is kept in the result where no sink is named" do
    object = job(nil, on_error: :dead_letter)
    object.run

    expect(object.last_result.dead_letters.map(&:item)).to eq([1, 2, 3])
  end

  it "is kept in the result up to a number, beyond which a sink has to be named" do
    stub_const("Minigun::Execution::DeadLetters::KEPT", 2)
    object = job(nil, on_error: :dead_letter)

    expect { object.run }.to raise_error(Minigun::DeadLetterError, /2 dead letters are kept already: give the stage a sink/)
    expect(object.last_result.dead_letters.map(&:item)).to eq([1, 2])
  end

  it "is a line of JSON in a file, whatever the item is" do
    items = [{ "a" => [1, nil, 2.5] }, "caf\u00e9", "\xff\x00".b, Object, Float::NAN, :name]
    path = File.join(@folder, "dead.ndjson")
    job(path, items: items).run
    lines = File.readlines(path).map { |line| JSON.parse(line) }

    expect(lines.map { |line| line["item"] || line["item_base64"] || line["item_inspect"] })
      .to eq([{ "a" => [1, nil, 2.5] }, "caf\u00e9", "/wA=", "Object", "NaN", ":name"])
    expect(lines.first).to include("stage" => "work", "pipeline" => "default", "attempts" => 1,
                                   "error" => { "class" => "KeyError", "message" => a_string_starting_with("bad") })
    expect(File.stat(path).mode & 0o777).to eq(0o600)
  end

  it "is added to what the file holds" do
    path = File.join(@folder, "dead.ndjson")
    2.times { job(path).run }

    expect(File.readlines(path).size).to eq(6)
  end

  it "refuses, before anything runs, a file that can't be opened and a stage that isn't there" do
    expect { job(File.join(@folder, "none", "dead")).run }
      .to raise_error(Minigun::DeadLetterError, /Stage:work.*can't be opened: No such file/)
    File.symlink("/etc/passwd", link = File.join(@folder, "link"))
    expect { job(link).run }.to raise_error(Minigun::DeadLetterError, /symbolic link/)
    expect { job(:nowhere).run }.to raise_error(Minigun::Error, /Stage:work.*no stage :nowhere/)
  end

  it "stops the run where it can't be delivered, so that nothing is lost silently" do
    path = File.join(@folder, "dead.ndjson")
    message = reading_child do |out|
      Process.setrlimit(Process::RLIMIT_FSIZE, 300)
      Signal.trap("XFSZ", "IGNORE")
      job(path, items: (1..20).to_a).run
    rescue Minigun::DeadLetterError => e
      out.write(e.message)
    end

    expect(message).to match(/Stage:work.*can't be written: File too large; the letter was for \d+/)
    expect(File.readlines(path)).to all(satisfy { |line| JSON.parse(line) })
  end

  def reading_child
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      yield writer
      writer.close
      exit!(0)
    end
    writer.close
    reader.read
  ensure
    Process.wait(pid)
  end
end
