# frozen_string_literal: true

require "json"
require "open3"
require "rbconfig"

# What a process holds must not depend on how often it ran a pipeline. RUNS sets how many runs that
# is for each kind; those that fork do three in ten of them.
RSpec.describe "Run after run", if: File.directory?("/proc/self/fd") do
  root = File.expand_path("../..", __dir__)
  runs = Integer(ENV.fetch("RUNS", 1_000))
  kinds = %w[thread native failing cancelled routed ipc_fork cow_fork]
  kinds << "ractor" if defined?(Ractor)

  # Growth for each run by the method of least squares.
  def slope(values, runs_between)
    middle = (values.size - 1) / 2.0
    mean = values.sum.fdiv(values.size)
    numerator = values.each_with_index.sum { |value, index| (index - middle) * (value - mean) }
    numerator / values.size.times.sum { |index| (index - middle)**2 } / runs_between
  end

  kinds.each do |kind|
    count = kind.end_with?("fork") ? runs * 3 / 10 : runs

    it "#{kind}: memory, threads, descriptors and children stay what they are", limit: 60 + count / 5 do
      # One arena, or how many threads meet in the allocator shows in the figures.
      out, err, status = Open3.capture3({ "MALLOC_ARENA_MAX" => "1" }, RbConfig.ruby, "-I#{root}/lib", File.join(__dir__, "flat.rb"), kind, count.to_s)
      raise "#{status}: #{err[0, 4000]}" unless status.success?

      # The first measurements make what the later ones find.
      points = JSON.parse(out, symbolize_names: true).drop(2)
      of = points.first.keys.to_h { |key| [key, points.map { |point| point[key] }] }

      expect(of[:threads].uniq).to eq([1])
      expect(of[:descriptors].uniq.size).to eq(1)
      expect(of[:children].uniq).to eq([0])
      expect(of[:native].last).to be <= of[:native].first + 3
      expect(slope(of[:data], count / 10)).to be < 0.05
      expect(slope(of[:objects], count / 10)).to be < 0.5
      # Kilobytes. What the allocator takes once and keeps, a megabyte or two, is a matter of the first runs.
      expect(slope(of[:memory], count / 10)).to be < 1 + 2_000.0 / count
    end
  end
end
