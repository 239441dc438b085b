# frozen_string_literal: true

require "json"

module Minigun
  module Execution
    # A file of dead letters, one line of JSON each. Letters are added to a file that is there; several
    # runs may add to it at once.
    class DeadLetterFile
      FLAGS = File::WRONLY | File::CREAT | File::APPEND | File::NONBLOCK |
              (File.const_defined?(:NOFOLLOW) ? File::NOFOLLOW : 0)
      MODE = 0o600

      # @param path [String]
      # @param place [String] of the stage, for messages
      # @raise [DeadLetterError] it can't be opened
      def initialize(path, place)
        @path, @place = path, place
        @file = File.open(path, FLAGS, MODE)
        @file.sync = true
      rescue SystemCallError => e
        raise DeadLetterError, "#{place} dead_letter: the file #{path.inspect} can't be opened: #{reason(e)}"
      end

      # Adds a letter, whole or not at all.
      # @param letter [DeadLetter]
      # @raise [DeadLetterError] it can't be written, as on a full disk
      def write(letter)
        line = "#{JSON.generate(letter.to_h_for_file)}\n"
        before = @file.stat.file? ? @file.size : nil
        written = 0
        written += @file.syswrite(line.byteslice(written..)) while written < line.bytesize
      rescue SystemCallError, IOError => e
        mend(before, written)
        raise DeadLetterError, "#{@place} dead_letter: the file #{@path.inspect} can't be written: #{reason(e)}; " \
                               "the letter was for #{letter.item.inspect[0, 200]}"
      end

      def close = @file.close

      private

      # Part of a line is none, unless others have written behind it.
      def mend(size, written)
        @file.truncate(size) if size && written.to_i.positive? && @file.size == size + written
      rescue SystemCallError, IOError
        nil
      end

      def reason(error)
        return "it is a symbolic link, which is not followed" if error.is_a?(Errno::ELOOP)

        error.message.split(" @ ").first
      end
    end
  end
end
