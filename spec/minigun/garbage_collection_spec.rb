# frozen_string_literal: true

require "open3"
require "rbconfig"

# Every class of the extension that is made of C memory, in a process of its own whose small heap
# makes it bearable to collect at every allocation, and to move all that can be moved at every step.
RSpec.describe "Garbage collection in the extension" do
  root = File.expand_path("../..", __dir__)

  programs = {
    "minigun/dag" => <<~'RUBY',
      dag = Minigun::DAG.new
      12.times { |n| dag.add_node(:"node#{n}") }
      11.times { |n| dag.add_edge(:"node#{n}", :"node#{n + 1}"); step }
      5.times { |n| dag.add_node("text #{n}".to_sym) }
      step
      p dag.topological_sort, dag.downstream(:node3), dag.upstream(:node4), dag.dup.nodes.size
    RUBY
    "minigun/run" => <<~'RUBY',
      run do
        producer(:gen) { 6.times { |n| emit "item #{n}"; step } }
        processor(:up) { |text| step; emit text.upcase }
        accumulator(:pack, max_size: 4)
        consumer(:keep) { |batch| step; @out.concat(batch) }
      end
    RUBY
    "minigun/output" => <<~'RUBY',
      run do
        producer(:gen) { |output| 6.times { |n| (n.odd? ? output.to(:odd) : output) << "item #{n}"; step } }
        consumer(:even) { |text| step; @out << text }
        consumer(:odd) { |text, output| step; @out << output.to_proc.class.name + text }
      end
    RUBY
    "minigun/input" => <<~'RUBY',
      run do
        producer(:gen) { 6.times { |n| emit "item #{n}"; step } }
        stage(:pairs) do |input, output|
          held = []
          while (item = input.pop) && !item.is_a?(Minigun::EndOfStage)
            step
            held << item
            output << held.shift(2).join("+") if held.size == 2
          end
        end
        consumer(:keep) { |text| step; @out << text }
      end
    RUBY
    "minigun/exchange" => <<~'RUBY',
      run do
        producer(:gen) { 6.times { |n| emit ["item #{n}", { n => :"name#{n}" }]; step } }
        processor(:work, execution: :ipc_fork, threads: 1) { |(text, hash)| step; emit [text, hash.to_a, @out.size] }
        consumer(:keep) { |list| step; @out << list }
      end
    RUBY
    "minigun/native_machine" => <<~'RUBY',
      run do
        producer(:gen) { 6.times { |n| emit "item #{n}"; step } }
        native :some, grep: /[0-4]/, ordered: true
        consumer(:keep) { |text| step; @out << text }
      end
    RUBY
    "minigun/slot" => <<~'RUBY'
      run do
        producer(:gen) { 4.times { |n| step; Enumerator.new { |y| emit "item #{n}"; y << 1 }.next } }
        consumer(:keep) { |text| step; @out << text }
      end
    RUBY
  }

  # What comes before each program.
  prelude = <<~RUBY
    require "minigun"
    Minigun.logger = Logger.new($stderr, level: :warn)
    def move_everything
      GC.verify_compaction_references(toward: :empty, expand_heap: true)
    rescue ArgumentError
      GC.verify_compaction_references(toward: :empty, double_heap: true)
    end
    module Kernel
      def step = $step&.call
    end
    def run(&definition)
      klass = Class.new { include Minigun::DSL; def initialize = @out = []; attr_reader :out }
      klass.class_eval(&definition)
      job = klass.new
      job.run
      p job.out.sort_by(&:to_s)
    end
  RUBY

  runs = {
    "plainly" => "PROGRAM.call",
    "at every allocation" => "PROGRAM.call; GC.stress = true; PROGRAM.call; GC.stress = false",
    "moving everything" => "PROGRAM.call; $step = method(:move_everything); PROGRAM.call"
  }

  define_method(:output_of) do |program, how|
    code = "#{prelude}\nPROGRAM = -> {\n#{program}\n}\n#{runs.fetch(how)}"
    out, err, status = Open3.capture3(RbConfig.ruby, "--disable=gems,rubyopt", "-W:no-experimental", "-I#{root}/lib", "-e", code)
    raise "#{status}: #{err[0, 4000]}" unless status.success?

    out
  end

  it "is tried on every class" do
    types = Dir[File.join(root, "ext/minigun/*.c")].flat_map { |path| File.read(path).scan(/wrap_struct_name = "([^"]+)"/).flatten }
    expect(programs.keys).to match_array(types)
  end

  programs.each do |type, program|
    it "at every allocation keeps what #{type} holds", limit: 120 do
      once = output_of(program, "plainly")
      expect(output_of(program, "at every allocation")).to eq(once * 2)
      expect(once).to match(/item 3|ITEM 3|node4/)
    end

    it "moving everything keeps what #{type} holds", limit: 120, if: GC.respond_to?(:compact) do
      once = output_of(program, "plainly")
      expect(output_of(program, "moving everything")).to eq(once * 2)
    end
  end
end
