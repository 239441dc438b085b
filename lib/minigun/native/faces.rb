# frozen_string_literal: true

require_relative "files"
require_relative "members"
require_relative "pattern"
require_relative "where"

module Minigun
  module Native
    # How the stages that ship are spelt in Ruby. Each method takes what stands behind the
    # stage's name and gives the stage's options.
    module Faces
      module_function

      def shipped?(stage) = SHIPPED.include?(stage.to_sym)

      # `lines: "a.log"`, `lines: ["a.log", "b.log.gz"]`, `lines: $stdin`,
      # `lines: { glob: "logs/*.gz", format: :gzip }`. With `quoted: true` newlines within double quotes
      # end no record, as they do by default where csv follows.
      #
      # @yield [text] where a pattern matches nothing
      def lines(value, &warn)
        options = value.is_a?(Hash) ? value : { path: value }
        Options.only(options, :path, :glob, :io, :format, :block, :max_line, :quoted)
        sources = [*list(options[:path]), *globbed(options[:glob], &warn), *list(options[:io])].flat_map { |one| Files.input(one) }
        raise ArgumentError, "lines needs a path:, a glob: or an io:" if sources.empty? && !options[:glob]

        sources + plain(options, :format, :block, :max_line, :quoted)
      end

      # `pass: true`.
      def pass(_value) = []

      # `grep: /error/`, `grep: "literally"`, `grep: [/a/, /b/]`,
      # `grep: { pattern: /(?<user>\w+)@/, captures: true }`, `grep: { pattern: /x/, invert: true }`.
      def grep(value)
        options = value.is_a?(Hash) ? value : { pattern: value }
        Options.only(options, :pattern, :invert, :captures)
        patterns = list(options[:pattern])
        raise ArgumentError, "grep needs a pattern:" if patterns.empty?

        patterns.flat_map { |one| Pattern.pairs(one) } + plain(options, :invert, :captures)
      end

      # `json: { select: %w[path bytes], where: { "status" => 500.. } }`, `json: %w[path bytes]`. An Array
      # of names leads into objects within: `select: ["path", %w[user id]]` gives the columns path and
      # user.id, `select: { path: "path", id: %w[user id] }` names them; `where: { %w[user plan] => "pro" }`.
      # With `lazy: true` a record that a condition has ruled out is not checked any further.
      def json(value)
        options = value.is_a?(Hash) ? value : { select: value }
        Options.only(options, :select, :where, :lazy)
        Members.select(options[:select]) + plain(options, :lazy) + Where.pairs(options[:where]) { |name| Members.pointer(name) }
      end

      # `csv: { select: %w[name price], where: { "price" => 10.. } }`, `csv: true`,
      # `csv: { headers: %w[a b], separator: ";" }`. The first record names the columns, or headers: does.
      def csv(value)
        options = value.is_a?(Hash) ? value : { select: value == true ? nil : value }
        Options.only(options, :select, :headers, :separator, :where)
        named = %i[select headers].flat_map { |name| list(options[name]).map { |column| [name.to_s, column.to_s] } }
        named + plain(options, :separator) + Where.pairs(options[:where])
      end

      # `digest: :sha256`, `digest: :xxh3`, `digest: { algorithm: :sha1, as: "sha" }`.
      def digest(value)
        options = value.is_a?(Hash) ? value : { algorithm: value == true ? :sha256 : value }
        Options.only(options, :algorithm, :as)
        plain(options, :algorithm, :as)
      end

      # `distinct: true`, `distinct: "user"`, `distinct: %w[user path]`.
      def distinct(value)
        options = value.is_a?(Hash) ? value : { by: value == true ? nil : value }
        Options.only(options, :by)
        list(options[:by]).map { |column| ["by", column.to_s] }
      end

      # `top: 10`, `top: { n: 20, by: "bytes", ascending: true }`.
      def top(value)
        options = value.is_a?(Hash) ? value : { n: value }
        Options.only(options, :n, :by, :ascending)
        plain(options, :n, :by, :ascending)
      end

      # `compress: :gzip`, `compress: { format: :zstd, level: 9 }`; `write` may follow.
      def compress(value)
        options = value.is_a?(Hash) ? value : { format: value == true ? :gzip : value }
        Options.only(options, :format, :level)
        plain(options, :format, :level)
      end

      # `decompress: :gzip`: each record is packed as a whole.
      def decompress(value) = compress(value)

      # `group: "path"`, `group: { by: %w[host path], count: true, sum: "bytes", mean: %w[ms bytes] }`.
      def group(value)
        options = value.is_a?(Hash) ? value : { by: value == true ? nil : value }
        Options.only(options, :by, :count, :sum, :min, :max, :mean)
        options.flat_map do |name, given|
          next [["count", given]] if name == :count

          list(given).map { |column| [name.to_s, column.to_s] }
        end
      end

      # `write: "out.txt"`, `write: $stdout`, `write: { path: "out.txt", fsync: true }`.
      def write(value)
        options = value.is_a?(Hash) ? value : { path: value }
        Options.only(options, :path, :io, :fsync, :append, :delimiter)
        target = options[:path] || options[:io] or raise ArgumentError, "write needs a path: or an io:"
        Files.output(target) + plain(options, :fsync, :append, :delimiter)
      end

      # Values of these options as they are.
      def plain(options, *names)
        names.filter_map { |name| [name.to_s, Options.scalar(name, options[name])] if options.key?(name) }
      end

      def list(value) = value.is_a?(Array) ? value : [value].compact

      def globbed(patterns)
        list(patterns).flat_map do |pattern|
          paths = Dir.glob(pattern).sort.reject { |path| File.directory?(path) }
          yield "no file matches #{pattern}" if paths.empty?
          paths
        end
      end

      SHIPPED = %i[lines pass grep json csv digest distinct top compress decompress group write].freeze
    end
  end
end
