# frozen_string_literal: true

module Kills
  # What happens in a trial; made from its seed alone.
  Plan = Struct.new(:seed, :how, :stages, :ordered, :items, :work, :size, :every, :signals, :point, :nth, :deaths,
                    :delay, keyword_init: true) do
    # How the killing is done, and how often it is chosen.
    self::WAYS = { workers: 5, points: 5, poison: 1, stop: 1, parent: 4, parent_points: 3, drain: 1 }.freeze
    self::STAGES = [%i[ipc_fork], %i[cow_fork], %i[ipc_fork cow_fork], %i[cow_fork ipc_fork], %i[ipc_fork ipc_fork]].freeze
    self::SIGNALS = %i[KILL KILL KILL KILL KILL KILL TERM ABRT].freeze

    def self.of(seed)
      random = Random.new(seed)
      how = self::WAYS.flat_map { |way, times| [way] * times }.sample(random: random)
      new(seed: seed, how: how, stages: self::STAGES.sample(random: random), ordered: random.rand < 0.3,
          items: random.rand(20..1500), work: [0, 20, 100, 500].sample(random: random), size: [1, 1, 100, 3000].sample(random: random),
          every: random.rand(0.001..0.02), signals: self::SIGNALS.shuffle(random: random).first(3),
          point: (how == :parent_points ? Points::PARENT : Points::WORKER).sample(random: random),
          nth: random.rand(1..12), deaths: random.rand(1..40), delay: random.rand(0.0..0.25))
    end

    # Whether it is the parent that is killed.
    def parent? = %i[parent parent_points].include?(how)

    # Items that kill whatever worker they meet.
    def poisonous = how == :poison ? [items / 3, items / 2] : []

    def to_s = to_h.map { |key, value| "#{key}: #{value.inspect}" }.join(", ")
  end
end
