# frozen_string_literal: true

# Both dialects in one class: `emit` and `output`, class level and `pipeline` block,
# pools and forks, batches and single items.
#
#   ruby -Ilib examples/mixed.rb
require "minigun"

class Thumbnails
  include Minigun::DSL
  attr_reader :kept

  def initialize(paths, workers: 3)
    @paths = paths
    @workers = workers
    @kept = []
  end

  before_run { puts "#{@paths.size} paths" }

  pipeline do
    producer(:list) { |output| @paths.each { |path| output << path } }
    thread_pool(@workers) do
      processor(:load) { |path, output| output << path.upcase if image?(path) }
    end
    batch 25
    cow_fork(2) { processor(:scale) { |blobs| blobs.each { |blob| emit shrink(blob) } } }
    consumer(:keep) { |small| @kept << small }
  end

  private

  def image?(path) = path.end_with?(".png")
  def shrink(blob) = blob.delete("AEIOU")
end

job = Thumbnails.new([*(1..60).map { |n| "image#{n}.png" }, "notes.txt"], workers: 8)
job.run
puts job.kept.size, job.kept.min

__END__
61 paths
60
MG1.PNG
