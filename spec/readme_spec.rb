# frozen_string_literal: true

require "spec_helper"
require "open3"
require "tmpdir"

# The Ruby that the README shows runs as it stands there, in a folder with a text and a log, with
# what goes before and behind it in a program.
RSpec.describe "README" do
  root = File.expand_path("..", __dir__)
  snippets = File.read(File.join(root, "README.md")).scan(/^```ruby\n(.*?)^```/m).flatten
  uses = [
    { shows: "class WordCount", prints: /\A2 beta\n1 alpha\n\z/ },
    { shows: "class Thumbnails", prints: /\Aalp\n\z/, before: <<~RUBY, behind: <<~RUBY },
      class Thumbnails
        attr_reader :kept
        private def shrink(blob) = blob[0, 3]
        private def store(small) = (@kept ||= []) << small
      end
    RUBY
      job = Thumbnails.new(Dir["*.md"])
      job.run
      puts job.kept
    RUBY
    { shows: "producer(:numbers, to: %i[even odd])", prints: /\A-9 -7 -5 -3 -1 0 2 4 6 8\n\z/, before: <<~RUBY, behind: <<~RUBY },
      class Job
        include Minigun::DSL
        attr_reader :numbers
        def initialize = @numbers = []
    RUBY
      end
      job = Job.new
      job.run
      puts job.numbers.sort.join(" ")
    RUBY
    { shows: "class FailingPaths", prints: %r{\A\{"path" ?=> ?"/", "count" ?=> ?2, "sum_bytes" ?=> ?17\}\n\z},
      behind: "FailingPaths.new.run" },
    { shows: "class Import", prints: /\A5 stored, 1 in the file\n\z/, before: <<~RUBY, behind: <<~RUBY },
      Minigun.logger = Logger.new(File::NULL)
      File.write("orders.csv", [*1..20, "x", *21..30].join("\n"))
      Order = Struct.new(:id) { def self.parse(line) = new(Integer(line)) }
    RUBY
      class Import
        attr_reader :stored
        def quote(order) = order
        def store(order) = (@stored ||= []) << order
      end
      job = Import.new
      job.run
      puts "\#{job.stored.size / 6} stored, \#{File.readlines("rejected.ndjson").size} in the file"
    RUBY
    { shows: "result = job.last_result", prints: /\A1 item was not delivered: 1 skipped \(price: 1 of 5\)\n\[:price, 2, .*bad two.*, 1\]\n\z/, before: <<~RUBY },
      Minigun.logger = Logger.new(File::NULL)
      class Job
        include Minigun::DSL
        producer(:gen) { 5.times { |n| emit n } }
        consumer(:price) { |n| raise "bad two" if n == 2 }
      end
      job = Job.new
      job.run
    RUBY
    { shows: "producer(:jobs, ack:", prints: /\Adeleted 1, 3; released 2\n\z/, before: <<~RUBY, behind: <<~RUBY },
      Minigun.logger = Logger.new(File::NULL)
      Jobs = Struct.new(:waiting, :deleted, :released) do
        def reserve = waiting.shift
        def delete(job) = deleted << job
        def release(job) = released << job
      end
      class Work
        include Minigun::DSL
        attr_reader :queue
        def initialize = @queue = Jobs.new([1, 2, 3], [], [])
    RUBY
        consumer(:work) { |job| raise "bad" if job == 2 }
      end
      work = Work.new
      work.run
      puts "deleted \#{work.queue.deleted.sort.join(", ")}; released \#{work.queue.released.join(", ")}"
    RUBY
    { shows: "stats = job", prints: /Bottleneck: words/, before: <<~RUBY }
      class Job
        include Minigun::DSL
        producer(:files) { emit 1 }
        processor(:words) { |n| sleep 0.25; emit n }
        consumer(:keep) { |_| nil }
      end
      job = Job.new
      job.run
    RUBY
  ]

  it "shows no Ruby but what is tried here" do
    expect(snippets.reject { |snippet| uses.one? { |use| snippet.include?(use[:shows]) } }).to eq([])
  end

  uses.each do |use|
    it "shows Ruby that runs: #{use[:shows]}" do
      snippet = snippets.find { |each| each.include?(use[:shows]) }
      program = ["require 'minigun'", use[:before], snippet, use[:behind]].join("\n")

      Dir.mktmpdir do |folder|
        File.write(File.join(folder, "text.md"), "alpha beta\nBETA\n")
        File.write(File.join(folder, "access.ndjson"), <<~LOG)
          {"path":"/","status":503,"bytes":10}
          {"path":"/","status":200,"bytes":5}
          {"path":"/","status":500,"bytes":7}
        LOG
        out, err, status = Open3.capture3(RbConfig.ruby, "-I#{root}/lib", "-e", program, chdir: folder)

        expect([err, status.success?]).to eq(["", true])
        expect(out).to match(use[:prints])
      end
    end
  end
end
