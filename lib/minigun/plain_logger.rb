# frozen_string_literal: true

module Minigun
  # Takes Logger's place where that can't be loaded: from Ruby 4.0 on it is a gem, which a bundle may
  # lack. Put `gem "logger"` into the Gemfile for what this one doesn't do, such as log files that rotate.
  class PlainLogger
    LABELS = %w[DEBUG INFO WARN ERROR FATAL ANY].freeze
    UNKNOWN = 5

    # @return [Integer] 0 for debug to 5 for unknown; what is below it isn't written
    attr_reader :level
    # @return [String, nil]
    attr_accessor :progname
    # @return [#call, nil] makes a line of label, time, program and message
    attr_accessor :formatter

    # @param device [#write]
    # @param level [Integer, String, Symbol]
    # @param progname [String, nil]
    # @raise [ArgumentError] if there is no such level
    def initialize(device, level: 0, progname: nil)
      @device = device
      @progname = progname
      @lock = Thread::Mutex.new
      self.level = level
    end

    # @param level [Integer, String, Symbol]
    # @raise [ArgumentError] if there is none like it
    def level=(level)
      level = LABELS.index(level.to_s.upcase.sub("UNKNOWN", "ANY")) unless level.is_a?(Integer)
      raise ArgumentError, "invalid log level" unless level

      @level = level
    end

    # Writes a line.
    # @param severity [Integer, nil]
    # @param message [Object] else what the block answers, else progname
    # @return [true]
    def add(severity, message = nil, progname = nil)
      severity ||= UNKNOWN
      return true if severity < level

      progname ||= @progname
      if message.nil?
        message = block_given? ? yield : progname
        progname = @progname unless block_given?
      end
      write(line(LABELS[severity] || "ANY", progname, message))
    end
    alias log add

    # @return [self]
    def <<(text)
      write(text)
      self
    end

    # @return [void]
    def close = nil

    LABELS.each_with_index do |label, severity|
      name = label == "ANY" ? :unknown : label.downcase.to_sym
      define_method(name) { |progname = nil, &block| add(severity, nil, progname, &block) }
      define_method(:"#{name}?") { level <= severity }
    end

    private

    # One line at a time; in a trap, where no lock can be had, without it.
    def write(text)
      @lock.synchronize { @device.write(text) }
      true
    rescue ThreadError
      @device.write(text)
      true
    end

    def line(label, progname, message)
      time = Time.now
      return @formatter.call(label, time, progname, message) if @formatter

      text = case message
             when String then message
             when Exception then message.full_message(highlight: false)
             else message.inspect
             end
      format("%s, [%s #%d] %5s -- %s: %s\n", label[0], time.strftime("%Y-%m-%dT%H:%M:%S.%6N"), Process.pid, label,
             progname, text)
    end
  end
end
