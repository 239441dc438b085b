# frozen_string_literal: true

module Minigun
  module Execution
    module Fork
      # Extends a child's copy of the logger: keeps its lines until they are sent to the parent, whose
      # logger may be one that only lives there.
      module LogRelay
        # The severity of lines without one, Logger's.
        UNKNOWN = 5

        # Lines since the last call.
        # @return [Array<Array(Integer, String, String)>, nil] severity, message, program
        def relayed_lines
          lines, @relayed_lines = @relayed_lines, nil
          lines
        end

        def add(severity, message = nil, progname = nil)
          severity ||= UNKNOWN
          return true if severity < level

          progname ||= self.progname
          if message.nil?
            message = block_given? ? yield : progname
            progname = self.progname unless block_given?
          end
          (@relayed_lines ||= []) << [severity, LogRelay.text(message), progname&.to_s]
          true
        end
        alias log add

        # @param logger [Object] the parent's
        # @return [Object] what takes its place in a child; a logger of no known kind stays itself
        def self.of(logger)
          Logging.known?(logger) ? logger.clone.extend(self) : logger
        end

        # @api private
        def self.text(message)
          case message
          when String then String.new(message)
          when Exception then message.full_message(highlight: false)
          else String.new(message.inspect)
          end
        end

        # In the parent: logs what came.
        def self.replay(lines)
          lines.each { |severity, message, progname| Minigun.logger.add(severity, message, progname) }
        end
      end
    end
  end
end
