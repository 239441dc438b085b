# frozen_string_literal: true

# Loads now what else is loaded where it is first named, for examples that interrupt threads: RubyGems
# takes an interrupt in the middle of a require for a fault of its own.
module AllLoaded
  STANDARD = %i[FileUtils SecureRandom Tempfile Timeout].freeze

  module_function

  def now
    STANDARD.each { |name| Object.const_get(name) }
    load(Minigun, [])
  end

  def load(room, seen)
    return if seen.include?(room)

    seen << room
    parts = room.constants(false).map { |name| room.const_get(name) }
    parts.grep(Module).select { |part| part.to_s.start_with?("Minigun::") }.each { |part| load(part, seen) }
  end
end
