# frozen_string_literal: true

module Semantics
  # Where code of a user runs. A program emits 1, 2, 3 in :gen, has the place act at item 2 - in hooks,
  # that know no item, at each -, and keeps in @out what arrived. `emits` is how that place emits.
  Place = Struct.new(:name, :text, :emits, keyword_init: true) do
    # @param options [String] of the stage that acts, such as ", threads: 2"
    def program(act, options)
      format(text, options: options, act: act.text.gsub("HIT", hook? ? "true" : "n == 2").gsub("EMIT", emits))
    end

    # Acts for each item, or once where there are none.
    def hook? = name.to_s.start_with?("hook")
    def once? = %i[producer loop hook_before_producer hook_after_producer].include?(name)
  end

  GEN = "producer(:gen) { [1, 2, 3].each { |n| emit n } }\n"
  KEEP = "consumer(:keep) { |n| @out << n }\n"

  PLACES = [
    { name: :processor, text: "#{GEN}processor(:work%<options>s) { |n| %<act>s\n emit n }\n#{KEEP}" },
    { name: :with_output, text: "#{GEN}processor(:work%<options>s) { |n, output| %<act>s\n output << n }\n#{KEEP}", emits: "output << n" },
    { name: :terminal, text: "#{GEN}consumer(:work%<options>s) { |n| %<act>s\n @out << n }\n" },
    { name: :accumulator,
      text: "#{GEN}accumulator(:work, max_size: 1%<options>s) { |(n)| %<act>s\n emit n }\n#{KEEP}" },
    { name: :nested,
      text: "#{GEN}pipeline(:inner) { processor(:work%<options>s) { |n| %<act>s\n emit n } }\n#{KEEP}" },
    { name: :hook_before,
      text: "#{GEN}processor(:work%<options>s) { |n| emit n }\nbefore(:work) { n = 2; %<act>s }\n#{KEEP}" },
    { name: :hook_after,
      text: "#{GEN}consumer(:work%<options>s) { |n| @out << n }\nafter(:work) { n = 2; %<act>s }\n" },
    { name: :producer, text: "producer(:gen) { [1, 2, 3].each { |n| emit n; next }\n n = 2; %<act>s\n emit 4 }\n" \
                             "producer(:other) { emit 9 }\nprocessor(:work%<options>s) { |n| emit n }\n#{KEEP}" },
    { name: :hook_before_producer,
      text: "producer(:gen) { emit 4 }\nproducer(:other) { emit 9 }\nbefore(:gen) { n = 2; %<act>s }\n" \
            "processor(:work%<options>s) { |n| emit n }\n#{KEEP}" },
    { name: :hook_after_producer,
      text: "producer(:gen) { emit 4 }\nproducer(:other) { emit 9 }\nafter(:gen) { n = 2; %<act>s }\n" \
            "processor(:work%<options>s) { |n| emit n }\n#{KEEP}" },
    { name: :loop,
      text: "#{GEN}stage(:work%<options>s) { |input, output| n = 2; %<act>s\n " \
            "until (n = input.pop).is_a?(Minigun::EndOfStage)\n output << n\n end }\n#{KEEP}", emits: "output << n" }
  ].map { |row| Place.new(emits: "emit(n)", **row) }.freeze
end
