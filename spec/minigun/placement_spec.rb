# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Placement do
  # Context, workers and order of the stage :x, declared by the block before a consumer.
  def placed(name = :x, **settings, &definition)
    klass = Class.new do
      include Minigun::DSL
      settings.each { |setting, (value, options)| public_send(setting, value, **(options || {})) }
      producer(:p) { emit 1 }
      pipeline(&definition)
      consumer(:keep) { |n| n }
    end
    object = klass.new
    root = object._evaluate_pipeline_blocks!.root_pipeline
    step = Minigun::Compiler.compile(root, object).steps.find { |each| each.name == name }
    [step.context, step.workers, step.ordered]
  end

  def with(**options)
    placed { processor(:x, **options) { |n| emit n } }
  end

  it "is plain where nobody says anything" do
    expect(with).to eq([:thread, nil, false])
    expect(with(strategy: :threaded)).to eq([:thread, nil, false])
    expect(with(execution: :inline)).to eq([:inline, nil, false])
  end

  it "follows the options of the stage" do
    expect(with(threads: 3)).to eq([:thread, 3, false])
    expect(with(processes: 4)).to eq([:cow_fork, 4, false])
    expect(with(execution: :thread_pool, max: 6)).to eq([:thread, 6, false])
    expect(with(execution: :processes, processes: 2)).to eq([:cow_fork, 2, false])
    expect(with(execution: :fibers, max: 7)).to eq([:thread, 7, false])
    expect(with(execution: "ipc_forks", ordered: true)).to eq([:ipc_fork, 2, true])
    expect(with(strategy: :fork_ipc)).to eq([:ipc_fork, 2, false])
    expect(with(strategy: :ractor)).to eq([:ractor, 4, false])
    expect(with(fork: true)).to eq([:cow_fork, 2, false])
  end

  it "takes default sizes from the settings" do
    expect(placed(max_threads: 9) { thread_pool { processor(:x) { |n| emit n } } }).to eq([:thread, 9, false])
    expect(placed(max_processes: 3) { cow_fork { processor(:x) { |n| emit n } } }).to eq([:cow_fork, 3, false])
    expect(placed(max_ractors: 5) { ractor_pool { processor(:x) { |n| emit n } } }).to eq([:ractor, 5, false])
  end

  it "follows the innermost context block, unless the stage says otherwise" do
    expect(placed { thread_pool(3) { cow_fork(2) { processor(:x) { |n| emit n } } } }).to eq([:cow_fork, 2, false])
    expect(placed { thread_pool(3) { processor(:x, processes: 2) { |n| emit n } } }).to eq([:cow_fork, 2, false])
    expect(placed { thread_pool(3) { pipeline(:n) { processor(:x) { |n| emit n } } } }).to eq([:thread, 3, false])
    expect(placed { thread_pool(1) { processor(:x) { |n| emit n } } }).to eq([:thread, 1, false])
    expect(placed { ipc_fork(:x, max: 3) { |n| emit n } }).to eq([:ipc_fork, 3, false])
  end

  it "follows named contexts" do
    expect(placed { execution_context(:heavy, :cow_fork, 3) && processor(:x, execution_context: "heavy") { |n| emit n } })
      .to eq([:cow_fork, 3, false])
    expect { with(execution_context: :none) }.to raise_error(ArgumentError, /stage :x.*:none/)
    expect { placed { execution_context :heavy, :steam } }.to raise_error(ArgumentError, /:steam/)
  end

  it "gives the class's execution to stages that aren't terminal, in order" do
    expect(placed(execution: [:ipc_fork, { max: 3 }]) { processor(:x) { |n| emit n } }).to eq([:ipc_fork, 3, true])
    expect(placed(:keep, execution: [:ipc_fork, { max: 3 }]) { nil }).to eq([:thread, nil, false])
    expect(placed(:p, execution: [:ipc_fork, { max: 3 }]) { nil }).to eq([:thread, nil, false])
  end

  it "leaves producers, loops and batches without block where they are" do
    expect(placed { cow_fork(2) { producer(:x) { emit 1 } } }).to eq([:thread, nil, false])
    expect(placed { cow_fork(2) { stage(:x) { |input, output| output << input.pop } } }).to eq([:thread, nil, false])
    expect(placed { cow_fork(2) { accumulator(:x) } }).to eq([:thread, nil, false])
    expect(placed { cow_fork(2) { accumulator(:x) { |batch| batch } } }).to eq([:cow_fork, 2, false])
  end

  it "refuses unknown types and sizes, naming pipeline and stage" do
    expect { with(strategy: :thraeded) }.to raise_error(Minigun::Error, /pipeline :default, stage :x.*:thraeded.*did you mean threaded/)
    expect { with(execution: :steam) }.to raise_error(Minigun::Error, /stage :x.*:steam/)
    expect { placed { thread_pool(0) { processor(:x) { |n| n } } } }.to raise_error(Minigun::Error, /stage :x.*positive/)
    expect { with(execution: :thread, max: "many") }.to raise_error(Minigun::Error, /"many"/)
    expect { placed { producer(:x, strategy: :steam) { emit 1 } } }.to raise_error(Minigun::Error, /:steam/)
  end
end
