# frozen_string_literal: true

require_relative "contract_helper"

RSpec.describe "Bad input", :no_leaks do
  # Each is refused with a message that has all of these, before any block runs.
  refused = {
    "an unknown target" => [["pipeline :default", ":pares", "did you mean :parse?"], proc { stage(:first, to: :pares) { |_| } }],
    "an unknown source" => [[":raed", "did you mean :read?"], proc { stage(:first, from: :raed) { |_| } }],
    "a reroute to nowhere" => [[":prase", "did you mean :parse?"], proc { reroute_stage :read, to: :prase }],
    "a reroute from nowhere" => [[":raed", "did you mean :read?"], proc { reroute_stage :raed, to: :parse }],
    "a reroute without target" => [["reroute_stage", "to:"], proc { reroute_stage :read }],
    "a circle" => [["pipeline :default", "Circular dependency", "→"], proc { stage(:back, from: :parse, to: :parse) { |_| } }],
    "a circle with itself" => [["pipeline :inner", "Circular"], proc { pipeline(:inner) { stage(:me, to: :me) { |_| } } }],
    "an unknown strategy" => [["stage :fork", "spawn_fork?"], proc { stage(:fork, strategy: :spawn_frok) { |_| } }],
    "an unknown execution" => [["stage :work", ":treads", "threads?"], proc { stage(:work, execution: :treads) { |_| } }],
    "an unknown execution of the class" => [["stage :parse", "threads?"], proc { execution :treads, 2 }],
    "an unknown context" => [["stage :work", "did you mean :heavy?"], proc {
      execution_context :heavy, :thread, 2
      stage(:work, execution_context: :heavvy) { |_| }
    }],
    "a context of unknown type" => [[":tread", "did you mean thread?"], proc { execution_context :heavy, :tread }],
    "a spawn stage without accumulator" => [["stage :store", "accumulator"], proc { spawn_fork(:store, from: :read) { |_| } }],
    "a batch of zero" => [["max_size:", "positive Integer", "not 0"], proc { batch 0 }],
    "a batch of a String" => [["max_size:", '"3"'], proc { batch "3" }],
    "a batch without size" => [["batch needs a size"], proc { batch }],
    "a batch with a block" => [["batch 3", "takes no block", "accumulator"], proc { batch(3) { |list| list } }],
    "no threads at all" => [["pipeline :default", "max_threads:", "not 0"], proc { max_threads 0 }],
    "threads by word" => [["max_threads:", '"four"'], proc { max_threads "four" }],
    "a setting without value" => [["max_processes needs a value"], proc { max_processes }],
    "a setting with a block" => [["max_threads 3 takes no block"], proc { max_threads(3) { 4 } }],
    "negative workers" => [["stage :work", "threads:", "-1"], proc { stage(:work, threads: -1) { |_| } }],
    "an empty pool" => [["stage :work", "positive number of workers", "0"], proc { thread_pool(0) { stage(:work) { |_| } } }],
    "half a worker" => [["stage :work", "2.5"], proc { cow_fork(2.5) { stage(:work) { |_| } } }],
    "a pool without block" => [["thread_pool needs a block"], proc { thread_pool 3 }],
    "an unknown routing" => [["routing:", ":round_robin"], proc { stage(:work, routing: :roundrobin) { |_| } }],
    "a wrong await" => [["await:", '"5"'], proc { stage(:work, await: "5") { |_| } }],
    "a negative queue" => [["queue_size:", "-5", "no bound"], proc { stage(:work, queue_size: -5) { |_| } }],
    "a queue size of the class that is none" => [["default_queue_size:", ":x"], proc { default_queue_size :x }],
    "a wait of less than nothing" => [["max_wait:", "seconds"], proc { accumulator(:pack, max_wait: -1) }],
    "an unknown error policy" => [["on_error:", ":raise", ":rais"], proc { stage(:work, on_error: :rais) { |_| } }],
    "a stage without block" => [["stage :work", "no block"], proc { stage(:work) }],
    "a stage without name" => [["processor needs a name"], proc { processor { |_| } }],
    "nil as name" => [["processor needs a name, not nil"], proc { processor(nil) { |_| } }],
    "a number as name" => [["Symbol or a String", "7"], proc { processor(7) { |_| } }],
    "a number as target" => [["stage :work", "to:", "Symbol or a String", "7"], proc { processor(:work, to: 7) { |_| } }],
    "options that are none" => [["processor :work", "name: value", ":fast"], proc { processor(:work, :fast) { |_| } }],
    "a custom stage that is no class" => [["descendant of Minigun::Stage", ":work"], proc { custom_stage :work, :work }],
    "a custom stage with a block" => [["takes no block", "call"], proc {
      custom_stage(Class.new(Minigun::ConsumerStage), :work) { |_| }
    }],
    "a custom stage without call" => [["stage :work", "has no method call"], proc {
      custom_stage(Class.new(Minigun::ConsumerStage), :work)
    }],
    "a hook without block" => [["before_run needs a block"], proc { before_run }],
    "a hook of a stage without stage" => [["before needs a stage"], proc { before { 1 } }],
    "a hook that can't be called" => [["stage :work", "before:", "proc", ":setup"], proc { stage(:work, before: :setup) { |_| } }],
    "a pipeline without block" => [["pipeline needs a block"], proc { pipeline :inner }],
    "a pipeline named like a stage" => [[":parse", ":default"], proc { pipeline(:parse) { producer(:more) { emit 1 } } }],
    "a name that is taken" => [[":twice", "pipeline :default"], proc {
      pipeline { 2.times { stage(:twice) { |_| } } }
    }],
    "a word misspelt in a block" => [["`procesor'", "did you mean :processor?"], proc {
      pipeline { procesor(:work) { |_| } }
    }]
  }

  refused.each do |kind, (parts, body)|
    it "#{kind} is refused before anything runs" do
      ran = []
      job = lambda do
        job_class do
          producer(:read) { ran << emit(1) }
          processor(:parse) { |n| emit n }
          class_exec(&body)
          consumer(:last) { |_| nil }
        end.new.run
      end

      expect(&job).to raise_error(StandardError) { |error|
        expect(error).to be_a(Minigun::Error).or be_a(ArgumentError).or be_a(NoMethodError)
        parts.each { |part| expect(error.message).to include(part) }
      }
      expect(ran).to eq([])
    end
  end

  # What is no error gets a warning.
  {
    "an option that is nearly known" => [/stage :work.*thread:.*did you mean threads:/, proc { stage(:work, thread: 2) { |_| } }],
    "a size that an accumulator doesn't know" => [/stage :pack: batch_size: has no effect here; use max_size:/, proc {
      accumulator(:pack, batch_size: 5)
    }],
    "an accumulator's option of another stage" => [/stage :work: max_size: has no effect here/, proc {
      stage(:work, max_size: 5) { |_| nil }
    }],
    "an option of native stages" => [/stage :work: workers: has no effect here; use threads: or processes:/, proc {
      stage(:work, workers: 5) { |_| nil }
    }],
    "a hook for a stage that is nearly there" => [/:raed.*did you mean :read/, proc { before(:raed) { 1 } }],
    "a hook for a stage of another pipeline" => [/:deep, which is a stage of pipeline :part; declare it there/, proc {
      before(:deep) { 1 }
      pipeline(:part) { processor(:deep) { |n| emit n } }
    }],
    "a hook for a stage that several pipelines have" => [/:deep, which is a stage of several nested pipelines; declare it there/, proc {
      before(:deep) { 1 }
      %i[one two].each { |part| pipeline(part) { processor(:deep) { |n| emit n } } }
    }],
    "a hook for a nested pipeline" => [/:part, which is a nested pipeline; use before_run/, proc {
      after(:part) { 1 }
      pipeline(:part) { processor(:deep) { |n| emit n } }
    }],
    "a stage that no stage feeds" => [/stage :odd: no stage feeds it.*from:/, proc {
      processor(:odd) { |n| emit n }
      consumer(:even, from: :parse) { |_| nil }
    }],
    "a stage that is sent to but only produces" => [/stage :parse.*:more only produces/, proc {
      producer(:more) { emit 1 }
      reroute_stage :parse, to: :more
    }]
  }.each do |kind, (message, body)|
    it "#{kind} is warned of" do
      job_class do
        producer(:read) { emit 1 }
        processor(:parse) { |n| emit n }
        class_exec(&body)
      end.new.run

      expect(log.lines.grep(/WARN/).join).to match(message)
    end
  end

  it "a pipeline in which nothing produces is warned of" do
    job { consumer(:keep) { |_| nil } }.run

    expect(log).to match(/WARN.*pipeline :default: nothing in it produces/)
  end

  it "a stage that was left out by a reroute, or that says so itself, is not warned of" do
    job do
      producer(:read) { emit 1 }
      processor(:parse) { |n| emit n }
      consumer(:keep) { |_| nil }
      reroute_stage :read, to: :keep
    end.run
    job do
      producer(:read, to: :keep) { emit 1 }
      consumer(:keep) { |_| nil }
      consumer(:spare, await: false) { |_| nil }
    end.run

    expect(log.lines.grep(/WARN/)).to eq([])
  end

  it "a misspelt target of an output names the right one" do
    job do
      producer(:read) { |output| output.to(:kep) << 1 }
      consumer(:keep, await: true) { |_| nil }
    end.run

    expect(errors_logged.join).to match(/:kep.*did you mean :keep/)
  end

  it "an output that isn't named as one is told from an item that is spread" do
    job do
      producer(:read) { emit 1 }
      consumer(:keep) { |n, result| result << n }
    end.run

    expect(errors_logged.join).to include("is result meant as the output? its name has to be out, output or outputs")
  end

  it "an object whose class has no definitions is told where they belong" do
    object = Object.new.extend(Minigun::DSL)

    expect { object.run }.to raise_error(Minigun::Error, /Object has no pipeline.*include Minigun::DSL in the class/)
  end

  it "batch stands in a class body of any depth" do
    kept = []
    [1].each do
      job do
        producer(:gen) { 5.times { |n| emit n } }
        batch 2
        consumer(:keep) { |list| kept << list }
      end.run
    end

    expect(kept).to eq([[0, 1], [2, 3], [4]])
  end
end
