# frozen_string_literal: true

require_relative "support/bench"

# What large graphs cost to define, route, validate and plan.
module Plan
  BLOCK = proc { |item| item }

  module_function

  def seconds(shape, stages)
    GC.start
    Bench.seconds do
      pipeline = Minigun::Pipeline.new(shape)
      send(shape, pipeline, stages)
      pipeline.send(:build_dag_routing!)
      plan = Minigun::Execution::ExecutionPlan.new(pipeline.dag, pipeline.stages, pipeline.config).plan!
      raise "planned #{plan.context_types}" unless plan.context_types == [:thread]
    end
  end

  # Each stage leads to the next, by the order of definition.
  def chain(pipeline, stages)
    pipeline.add_stage(:producer, :s0) { nil }
    (1...stages).each { |index| pipeline.add_stage(:processor, :"s#{index}", &BLOCK) }
  end

  # One stage leads to all others.
  def fan(pipeline, stages)
    pipeline.add_stage(:producer, :s0, to: (1...stages).map { |index| :"s#{index}" }) { nil }
    (1...stages).each { |index| pipeline.add_stage(:processor, :"s#{index}", &BLOCK) }
  end

  # Rows and columns; each stage leads to the one on its right and the one below.
  def grid(pipeline, stages)
    side = Integer.sqrt(stages)
    (0...side).to_a.product((0...side).to_a) do |row, column|
      options = { to: neighbours(row, column, side) }
      next pipeline.add_stage(:producer, :r0c0, options) { nil } if row.zero? && column.zero?

      pipeline.add_stage(:processor, :"r#{row}c#{column}", options, &BLOCK)
    end
  end

  def neighbours(row, column, side)
    [([row, column + 1] if column + 1 < side), ([row + 1, column] if row + 1 < side)]
      .compact.map { |below, right| :"r#{below}c#{right}" }
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
