# frozen_string_literal: true

require "strscan"

module Minigun
  module Native
    # A Regexp in the words of PCRE2, so that it matches what it matches in Ruby: once for texts of
    # ASCII alone, where characters are bytes, and once for UTF-8.
    class Pattern
      # Members of a class of characters, in Unicode; in ASCII those that differ.
      SETS = {
        "alpha" => '\p{Alphabetic}', "digit" => '\p{Nd}', "alnum" => '\p{Alphabetic}\p{Nd}', "upper" => '\p{Uppercase}',
        "lower" => '\p{Lowercase}', "space" => '\p{White_Space}', "blank" => '\p{Zs}\t', "cntrl" => '\p{Cc}',
        "graph" => '\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}', "print" => '\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs}',
        "punct" => '\p{P}$+<=>\^`|~', "xdigit" => "0-9a-fA-F", "word" => '\p{L}\p{M}\p{Nd}\p{Pc}', "ascii" => '\x00-\x7f'
      }.freeze
      ASCII_SETS = SETS.to_h { |name, _| [name, "[:#{name}:]"] }.merge("ascii" => '\x00-\x7f').freeze
      BOUNDARIES = {
        "b" => "(?:(?<=[W])(?![W])|(?<![W])(?=[W]))", "B" => "(?:(?<=[W])(?=[W])|(?<![W])(?![W]))"
      }.transform_values { |text| text.gsub("W", SETS["word"]) }.freeze
      NOT_HEX = { ascii: '\x00-/:-@G-`g-\xff', utf: '\x00-/:-@G-`g-\x{10ffff}' }.freeze
      FLAGS = { Regexp::IGNORECASE => "i", Regexp::MULTILINE => "s", Regexp::EXTENDED => "x" }.freeze
      private_constant :SETS, :ASCII_SETS, :BOUNDARIES, :NOT_HEX, :FLAGS

      # @param pattern [Regexp, String] a String stands for itself
      # @return [Array<Array(String, String)>] see native/grep.c
      # @raise [ArgumentError] PCRE2 knows nothing like it
      def self.pairs(pattern)
        case pattern
        when String then [["pattern", pattern.gsub(/[^\w\s]/) { |char| char.ascii_only? ? "\\#{char}" : char }]]
        when Regexp
          ascii = [["pattern", new(pattern, :ascii).to_s]]
          pattern.options.anybits?(Regexp::NOENCODING) ? ascii : ascii + [["utf", new(pattern, :utf).to_s]]
        else raise ArgumentError, "pattern: takes a Regexp or a String, not #{pattern.inspect}"
        end
      end

      # @param mode [:ascii, :utf]
      def initialize(regexp, mode)
        @regexp = regexp
        @mode = mode
        @flags = FLAGS.filter_map { |bit, letter| letter if regexp.options.anybits?(bit) }.join
      end

      # @return [String]
      def to_s
        @source = StringScanner.new(@regexp.source)
        out = +"(?m#{@flags})"
        out << outside until @source.eos?
        out
      end

      private

      def outside
        if @source.skip(/\[/) then "[#{set}]"
        elsif @source.skip(/\\/) then escape
        elsif @source.skip(/\(\?#[^)]*\)/) then ""
        elsif @source.skip(/\(\?~/) then unknown("absence operators, (?~")
        elsif @source.scan(/\(\?([a-z]*)(-[a-z]*)?([:)])/) then group(@source[1], @source[2], @source[3])
        elsif @source.scan(/\{,(\d+)\}/) then "{0,#{@source[1]}}"
        elsif @source.scan(/\{\d+(,\d*)?\}\+/) then unknown("a second quantifier, #{@source.matched}")
        elsif @flags.include?("x") && @source.scan(/#[^\n]*/) then ""
        else character
        end
      end

      # Ruby's m is what others call s.
      def group(on, off, rest)
        unknown("the option in (?#{on}#{off}") if (on + off.to_s).match?(/[^imx-]/)
        "(?#{on.tr("m", "s")}#{off.to_s.tr("m", "s")}#{rest}"
      end

      # The members of a class, from behind its bracket up to and with the one that ends it.
      def set
        out = +""
        out << "^" if @source.skip(/\^/)
        out << '\]' if @source.skip(/\]/)
        out << member until @source.skip(/\]/)
        out
      end

      def member
        if @source.scan(/\[:(\^?)(\w+):\]/) then posix(@source[2], @source[1] == "^")
        elsif @source.skip(/\[(?!\^)/) then set
        elsif @source.scan(/\[\^/) then unknown("a negated class within another")
        elsif @source.scan(/&&/) then unknown("intersections, &&")
        elsif @source.skip(/\\/) then escape(within: true)
        else character
        end
      end

      def posix(name, negated)
        members = sets.fetch(name.downcase) { return "[:#{"^" if negated}#{name}:]" }
        return members unless negated
        return members.sub("[:", "[:^") if members.start_with?("[:")
        return members.sub('\p', '\P') if members.match?(/\A\\p\{[\w&]+\}\z/)

        unknown("[:^#{name}:]")
      end

      # Where case doesn't matter, upper is what has a case at all.
      def sets
        sets = @mode == :utf ? SETS : ASCII_SETS
        @flags.include?("i") ? sets.merge("upper" => '\p{L&}', "lower" => '\p{L&}') : sets
      end

      # What follows a backslash.
      def escape(within: false)
        if @source.skip(/h/) then within ? "0-9a-fA-F" : "[0-9a-fA-F]"
        elsif @source.skip(/H/) then within ? NOT_HEX.fetch(@mode) : "[^0-9a-fA-F]"
        elsif @source.skip(/v/) then '\x0b'
        elsif !within && @mode == :utf && @source.scan(/[bB]/) then BOUNDARIES.fetch(@source.matched)
        elsif @source.scan(/u\{([^}]*)\}|u(\h{4})|((?:x[89a-fA-F]\h(?:\\(?=x[89a-fA-F]))?)+)/) then codes
        elsif @source.scan(/([pP])\{(\^?)(\w+)\}/) then property(@source[1] == "P", @source[2] == "^", @source[3], within)
        elsif @source.scan(/[MC]-/) then unknown("\\#{@source.matched}")
        else "\\#{@source.getch}"
        end
      end

      # Numbers of characters, or the bytes that make them up.
      def codes
        bytes = @source[3]
        return "\\#{bytes}" if bytes && @regexp.options.anybits?(Regexp::NOENCODING)

        numbers = bytes ? [bytes.delete("x\\")].pack("H*").force_encoding("UTF-8").codepoints : (@source[1] || @source[2]).split.map(&:hex)
        numbers.map { |number| @mode == :utf ? format('\x{%x}', number) : format('\x%02x', number > 127 ? 255 : number) }.join
      end

      def property(upper, caret, name, within)
        negated = upper ^ caret
        members = SETS[name.downcase] or return "\\#{negated ? "P" : "p"}{#{name}}"
        return posix(name, negated) if within

        "[#{"^" if negated}#{sets.fetch(name.downcase, members)}]"
      end

      # In texts of ASCII no other character is ever met: the byte 255 stands for all of them.
      def character
        char = @source.getch
        @mode == :utf || char.ascii_only? || @regexp.options.anybits?(Regexp::NOENCODING) ? char : '\xff'
      end

      def unknown(what)
        raise ArgumentError, "pattern #{@regexp.inspect}: native stages don't know #{what}; use a Ruby stage"
      end
    end
  end
end
