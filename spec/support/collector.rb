# frozen_string_literal: true

# Examples under a collector that gets in the way, by MINIGUN_GC:
#
#   compact    compacts with every full collection
#   verify     moves all that can be moved after each example, and looks for references to where it was
#   stress     collects at every allocation for a moment, many times a second
module Collector
  MODE = ENV.fetch("MINIGUN_GC", "").then { |mode| mode.empty? ? nil : mode }
  MODES = %w[compact verify stress].freeze
  # Seconds of stress and of rest.
  BURST = 0.0005
  REST = 0.02

  # The thread that makes bursts of stress isn't there in a child.
  module CalmChildren
    def _fork = super.tap { |pid| GC.stress = false if pid.zero? }
  end

  module_function

  def start
    return unless MODE
    raise ArgumentError, "MINIGUN_GC is one of #{MODES.join(", ")}" unless MODES.include?(MODE)

    GC.auto_compact = true if MODE == "compact"
    Process.singleton_class.prepend(CalmChildren) if MODE == "stress"
  end

  def during_example(&block)
    case MODE
    when "stress" then bursts(&block)
    when "verify" then block.call.tap { verify }
    else yield
    end
  end

  # Doubling the heap has had another name since Ruby 3.2.
  def verify
    GC.verify_compaction_references(toward: :empty, expand_heap: true)
  rescue ArgumentError
    GC.verify_compaction_references(toward: :empty, double_heap: true)
  end

  def bursts
    thread = Thread.new do
      loop do
        GC.stress = true
        sleep BURST
        GC.stress = false
        sleep REST
      end
    end
    thread.name = "collector"
    yield
  ensure
    thread.kill.join
    GC.stress = false
  end
end

Collector.start
