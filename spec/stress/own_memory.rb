# frozen_string_literal: true

module OwnMemory
  # @return [Integer] kilobytes of this process, without the pages of files, which the system takes and
  #   gives back as it likes
  def self.resident
    File.read("/proc/self/status").scan(/^(?:RssAnon|VmSwap):\s+(\d+)/).flatten.sum { |size| Integer(size) }
  end
end
