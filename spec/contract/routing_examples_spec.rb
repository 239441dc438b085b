# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Routing, worked examples" do
  # What ends up in @out, as [stage, item].
  def out_of(&definition)
    job { class_exec(&definition) }.tap(&:run).out
  end

  it "a chain" do
    chain = job do
      producer(:gen) { [3, 4].each { |n| emit n } }
      processor(:five) { |n| emit n * 5 }
      consumer(:keep) { |n| @out << n }
    end

    expect(chain.run).to eq(2)
    expect(chain.out).to eq([15, 20])
  end

  it "a diamond" do
    expect(out_of do
      producer(:src, to: %i[l r]) { emit 7 }
      processor(:l, to: :m) { |n| emit n + 100 }
      processor(:r, to: :m) { |n| emit n + 200 }
      consumer(:m) { |n| @out << n }
    end).to contain_exactly(107, 207)
  end

  it "a short cut" do
    expect(out_of do
      producer(:src, to: :t) { emit 3 }
      processor(:t) { |n| emit n * 3 }
      consumer(:out, from: %i[src t]) { |n| @out << n }
    end).to contain_exactly(3, 9)
  end

  %i[to from].each do |way|
    it "a fan-out followed by one more stage, by #{way}:" do
      expect(out_of do
        producer(:src, way == :to ? { to: %i[a b] } : {}) { emit 4 }
        upstream = way == :from ? { from: :src } : {}
        processor(:a, upstream) { |n| (@out << [:a, n]).tap { emit n + 1 } }
        processor(:b, upstream) { |n| (@out << [:b, n]).tap { emit n + 2 } }
        consumer(:z) { |n| @out << [:z, n] }
      end).to contain_exactly([:a, 4], [:b, 4], [:z, 6])
    end
  end

  it "two lines with producers of their own" do
    expect(out_of do
      producer(:p) { emit 1 }
      processor(:a, to: :z) { |n| emit n + 5 }
      producer(:q) { emit 8 }
      consumer(:z, from: :q) { |n| @out << n }
    end).to contain_exactly(6, 8)
  end

  it "a source pipeline" do
    expect(out_of do
      pipeline :inner, to: :after do
        producer(:gen) { [2, 3].each { |n| emit n } }
        processor(:ten) { |n| emit n * 10 }
      end
      consumer(:after) { |n| @out << n + 4 }
    end).to eq([24, 34])
  end

  it "a pipeline between two stages, without routing" do
    expect(out_of do
      producer(:gen) { emit 6 }
      pipeline :inner do
        processor(:double) { |n| emit n * 2 }
        processor(:inc) { |n| emit n + 1 }
      end
      consumer(:keep) { |n| @out << n }
    end).to eq([13])
  end

  it "two source pipelines to two stages that meet" do
    expect(out_of do
      { five: 5, nine: 9 }.each do |name, number|
        pipeline name, to: %i[u v] do
          producer(:gen) { emit number }
          processor(:same) { |n| emit n }
        end
      end
      processor(:u, to: :w) { |n| emit n + 1 }
      processor(:v, to: :w) { |n| emit n - 1 }
      consumer(:w) { |n| @out << n }
    end).to contain_exactly(4, 6, 8, 10)
  end

  it "a child that adds a stage and reroutes" do
    parent = job_class do
      producer(:gen) { [1, 2].each { |n| emit n } }
      processor(:inc) { |n| emit n + 1 }
      consumer(:keep) { |n| @out << n }
    end
    child = job_class(parent) do
      processor(:neg) { |n| emit(-n) }
      reroute_stage :inc, to: :neg
      reroute_stage :neg, to: :keep
    end

    expect([child, parent, child].map { |klass| klass.new.tap(&:run).out }).to eq([[-2, -3], [2, 3], [-2, -3]])
  end

  it "several producers in a row feed the next stage" do
    expect(out_of do
      3.times { |n| producer(:"gen#{n}") { emit n } }
      consumer(:keep) { |n| @out << n }
    end).to contain_exactly(0, 1, 2)
  end

  it "two stages that follow one producer see every item" do
    expect(out_of do
      producer(:gen, to: %i[a b]) { 2.times { |n| emit n } }
      consumer(:a) { |n| @out << [:a, n] }
      consumer(:b) { |n| @out << [:b, n] }
    end).to contain_exactly([:a, 0], [:a, 1], [:b, 0], [:b, 1])
  end

  it "two pipelines in a row keep their items apart" do
    expect(out_of do
      2.times do |i|
        pipeline :"line#{i}" do
          producer(:gen) { emit i }
          consumer(:keep) { |n| @out << [i, n].tap { emit n } }
        end
      end
    end).to contain_exactly([0, 0], [1, 1])
  end

  it "stages and pipelines, one to many and many to one" do
    expect(out_of do
      producer(:gen, to: %i[one two]) { emit 1 }
      pipeline(:one, to: %i[three keep]) { processor(:inc) { |n| emit n + 10 } }
      pipeline(:two, to: :three) { processor(:inc) { |n| emit n + 20 } }
      pipeline(:three, to: :keep) { processor(:inc) { |n| emit n + 100 } }
      consumer(:keep) { |n| @out << n }
    end).to contain_exactly(11, 111, 121)
  end

  it "pipelines to pipelines, many to many, by from:" do
    expect(out_of do
      pipeline(:a) { producer(:gen) { emit 1 } }
      pipeline(:b) { producer(:gen) { emit 2 } }
      pipeline(:x, from: %i[a b]) { consumer(:keep) { |n| @out << [:x, n] } }
      pipeline(:y, from: %i[a b]) { consumer(:keep) { |n| @out << [:y, n] } }
    end).to contain_exactly([:x, 1], [:x, 2], [:y, 1], [:y, 2])
  end

  it "an accumulator to a forked and a threaded stage" do
    expect(out_of do
      producer(:gen) { 3.times { |n| emit n } }
      accumulator(:pack, max_size: 2, to: %i[x y])
      spawn_fork(:x) { |batch| @out << [:x, batch] }
      spawn_thread(:y) { |batch| @out << [:y, batch] }
    end).to contain_exactly([:x, [0, 1]], [:x, [2]], [:y, [0, 1]], [:y, [2]])
  end

  it "a terminal-looking stage before an unrelated one" do
    expect(out_of do
      producer(:gen) { emit 1 }
      consumer(:keep) { |n| @out << n }
      producer(:other, to: :log) { emit 2 }
      consumer(:log) { |n| @out << [:log, n] }
    end).to contain_exactly(1, [:log, 2])
  end
end
