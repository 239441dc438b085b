# frozen_string_literal: true

require "etc"

module Bench
  # What a table of figures has to say about where it was made.
  module Machine
    GEMS = %w[concurrent-ruby kiba parallel].freeze

    module_function

    def lines
      [
        "#{cpu}, #{Etc.nprocessors} cores, #{memory}, #{Etc.uname[:sysname]} #{Etc.uname[:release][/\A\d+\.\d+/]}",
        "#{RUBY_DESCRIPTION[/\A.*?\)/]}, minigun #{Minigun::VERSION}, #{gems}"
      ]
    end

    # How busy the machine was with other work in the minute before.
    def load
      File.readable?("/proc/loadavg") ? File.read("/proc/loadavg").split.first : "unknown"
    end

    def cpu
      name = File.foreach("/proc/cpuinfo").grep(/\Amodel name/).first if File.readable?("/proc/cpuinfo")
      name ? name.split(":", 2).last.strip : Etc.uname[:machine]
    end

    def memory
      return "memory unknown" unless File.readable?("/proc/meminfo")

      format("%.0f GB", File.read("/proc/meminfo")[/MemTotal:\s+(\d+)/, 1].to_i / 1e6)
    end

    def gems
      GEMS.filter_map { |name| "#{name} #{Gem.loaded_specs[name].version}" if Gem.loaded_specs[name] }.join(", ")
    end

    # The resident memory of this process in bytes: now, and its peak since `forget_peak`.
    def resident = status("VmRSS")
    def peak = status("VmHWM")

    def status(field)
      File.read("/proc/self/status")[/^#{field}:\s+(\d+)/, 1].to_i * 1024
    end

    def forget_peak
      File.write("/proc/self/clear_refs", "5")
    end

    def measures_memory?
      File.writable?("/proc/self/clear_refs") && Process.respond_to?(:fork)
    end
  end
end
