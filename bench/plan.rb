# frozen_string_literal: true

require_relative "support/bench"

# What large graphs cost to define, route, validate and plan.
module Plan
  BLOCKS = { producer: proc {}, processor: proc { |item| item } }.freeze

  module_function

  def seconds(shape, stages)
    definitions = send(shape, stages)
    GC.start
    Bench.seconds { plan(definitions) }
  end

  def plan(definitions)
    pipeline = Minigun::Pipeline.new(:large)
    definitions.each { |type, name, options| pipeline.add_stage(type, name, options, &BLOCKS.fetch(type)) }
    pipeline.send(:build_dag_routing!)
    plan = Minigun::Execution::ExecutionPlan.new(pipeline.dag, pipeline.stages, pipeline.config).plan!
    raise "planned #{plan.context_types}" unless plan.context_types == [:thread]
  end

  # Each stage leads to the next, by the order of definition.
  def chain(stages) = define(names(stages)) { {} }

  # One stage leads to all others.
  def fan(stages)
    first, *others = names(stages)
    define([first, *others]) { |name| name == first ? { to: others } : {} }
  end

  # Rows and columns; each stage leads to the one on its right and the one below.
  def grid(stages)
    side = Integer.sqrt(stages)
    names = names(side * side)
    define(names) do |_, index|
      right = names[index + 1] if (index + 1) % side != 0
      { to: [right, names[index + side]].compact }
    end
  end

  def names(count) = Array.new(count) { |index| :"s#{index}" }

  def define(names)
    names.each_with_index.map { |name, index| [index.zero? ? :producer : :processor, name, yield(name, index)] }
  end
end

Bench.run "plan", "Chains, fans and grids of many stages, defined, routed, validated and planned." do
  rounds 3
  shapes = %i[chain fan grid]
  sizes = [1_000, 10_000, 100_000]

  shapes.product(sizes).each { |shape, size| figure("#{shape} of #{size}", "s") { Plan.seconds(shape, size) } }

  shapes.each do |shape|
    growth "#{shape} of 10000", "#{shape} of 1000", at_most: 12
    growth "#{shape} of 100000", "#{shape} of 10000", at_most: 12
    limit "#{shape} of 100000", at_most: 1.5
  end
end
