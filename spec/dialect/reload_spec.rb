# frozen_string_literal: true

require_relative "dialect_helper"

# Sections 2.4 and 2.5: the same name twice, reloading, inheritance.
RSpec.describe "Names defined twice, and inheritance" do
  it "starts again from an empty list when the DSL is included again" do
    klass = program { pipeline { producer(:old) { |output| output << 1 } } }
    klass.class_eval do
      include Minigun::DSL
      pipeline do
        producer(:source) { |output| output << 2 }
        consumer(:keep) { |n| @seen << n }
      end
    end

    expect(klass.new.tap(&:run).seen).to eq([2])
  end

  it "replaces the definition of a reopened subclass that was loaded again" do
    stub_const("DialectParent", program { pipeline { producer(:source) { |output| output << 1 } } })
    text = <<~RUBY
      class DialectChild < DialectParent
        pipeline do
          processor(:add) { |n, output| output << n + 1 }
          consumer(:keep) { |n| @seen << n }
        end
      end
    RUBY
    load_program(text) { |path| 2.times { load path } }

    expect(DialectChild._pipeline_definition_blocks.size).to eq(2)
    expect(DialectChild.new.tap(&:run).seen).to eq([2])
  ensure
    Object.send(:remove_const, :DialectChild)
  end

  it "does not take a loop for a reload" do
    klass = program do
      %i[first second].each do |name|
        pipeline { producer(name) { |output| output << name } }
      end
      pipeline { consumer(:keep) { |name| @seen << name } }
    end

    expect(klass.new.tap(&:run).seen).to match_array(%i[first second])
  end

  it "does not take several blocks of one line for a reload" do
    text = <<~RUBY
      class LineParent; include Minigun::DSL; attr_reader :seen; def initialize = @seen = []; end unless defined?(LineParent)
      class LineProgram < LineParent
        before_run { @seen << 1 }; before_run { @seen << 2 }
        pipeline { producer(:two) { |output| output << 3 } }; pipeline { consumer(:keep) { |n| @seen << n } }
      end
    RUBY

    load_program(text) do |path|
      2.times do
        load path
        expect(LineProgram.new.tap(&:run).seen).to eq([1, 2, 3])
      end
    end
  end

  it "lets a class-level call replace a stage" do
    klass = program do
      producer(:source) { emit 1 }
      producer(:source) { emit 2 }
      consumer(:keep) { |n| @seen << n }
    end

    expect(klass.new.tap(&:run).seen).to eq([2])
  end

  it "refuses a second definition in pipeline blocks, naming stage and pipeline" do
    plain = flow do
      producer(:same) { |output| output << 1 }
      consumer(:same) { |n| n }
    end
    inner = flow do
      producer(:source) { |output| output << 1 }
      pipeline(:part) do
        processor(:same) { |n| n }
        batch 3
        accumulator(:same)
      end
    end
    mixed = flow do
      producer(:same) { |output| output << 1 }
      consumer("same") { |n| n }
    end

    expect { plain.run }.to raise_error(Minigun::StageNameConflict, /same.*default|default.*same/m)
    expect { inner.run }.to raise_error(Minigun::StageNameConflict, /same.*part|part.*same/m)
    expect { mixed.run }.to raise_error(Minigun::StageNameConflict)
  end

  it "allows one name in different pipelines, and any name" do
    object = flow do
      producer(:output) { |output| output << 1 }
      pipeline(:part, to: :keep) { processor(:output) { |n, output| output << (n + 1) } }
      consumer(:keep) { |n| @seen << n }
    end

    expect(object.tap(&:run).seen).to eq([2])
  end

  it "gives a subclass a copy of the list as of that moment" do
    parent = program do
      max_threads 3
      pipeline { producer(:source) { |output| output << 1 } }
    end
    child = Class.new(parent) { pipeline { consumer(:keep) { |n| @seen << [:child, n] } } }
    parent.pipeline { consumer(:keep) { |n| @seen << [:parent, n] } }
    child.max_threads 7

    expect(child.new.tap(&:run).seen).to eq([[:child, 1]])
    expect(parent.new.tap(&:run).seen).to eq([[:parent, 1]])
    expect([parent, child].map { |c| c._minigun_task.config[:max_threads] }).to eq([3, 7])
  end

  it "lets a subclass add stages and reroute inherited ones, also inside pools and forks" do
    parent = program do
      pipeline do
        producer(:source) { |output| 3.times { |n| output << n } }
        thread_pool(2) { processor(:pooled) { |n, output| output << (n + 1) } }
        cow_fork(2) { processor(:forked) { |n, output| output << (n * 10) } }
        consumer(:keep) { |n| @seen << n }
      end
    end
    child = Class.new(parent) do
      pipeline do
        processor(:extra, to: :forked) { |n, output| output << (n + 100) }
        reroute_stage :pooled, to: :extra
        processor(:negate, to: :keep) { |n, output| output << -n }
        reroute_stage :forked, to: :negate
      end
    end

    expect(parent.new.tap(&:run).seen).to match_array([10, 20, 30])
    expect(child.new.tap(&:run).seen).to match_array([-1010, -1020, -1030])
  end

  it "finds overridden methods, also while it builds" do
    parent = program do
      pipeline do
        producer(:source) { |output| items.each { |n| output << n } }
        batch size
        consumer(:keep) { |batch| @seen << batch }
      end
      def items = [1, 2, 3, 4]
      def size = 4
    end
    child = Class.new(parent) { def size = 2 }

    expect(parent.new.tap(&:run).seen).to eq([[1, 2, 3, 4]])
    expect(child.new.tap(&:run).seen).to eq([[1, 2], [3, 4]])
  end
end
