# frozen_string_literal: true

require "digest"
require "ripper"

# What the index knows of one file. A file that can't be read, decoded or parsed is a row as well, with
# the reason as its `problem`.
module Analysis
  SourceFile = Struct.new(:path, :content, :problem)
  Row = Struct.new(:path, :bytes, :lines, :methods_defined, :classes, :sha256, :problem)

  # A magic comment, as Ruby looks for it in the first two lines.
  ENCODING = /\A(?:#!.*\n)?#.*coding\s*[:=]\s*([\w.-]+)/n.freeze

  # Counts definitions where Ruby's own parser sees one.
  class Counter < Ripper
    attr_reader :methods_defined, :classes

    def initialize(...)
      super
      @methods_defined = @classes = 0
    end

    def on_def(*) = @methods_defined += 1
    def on_defs(*) = @methods_defined += 1
    def on_class(*) = @classes += 1
    def on_module(*) = @classes += 1
  end

  module_function

  def read(path)
    raise Errno::EINVAL, "not a regular file" unless File.file?(path) || File.symlink?(path)

    SourceFile.new(path, File.binread(path))
  rescue SystemCallError => e
    SourceFile.new(path, "", "unreadable: #{e.message.sub(/ @ .*/, "")}")
  end

  def of(file)
    content = file.content
    row = Row.new(file.path, content.bytesize, 0, 0, 0, Digest::SHA256.hexdigest(content), file.problem)
    return row if file.problem

    row.lines = content.count("\n") + (content.empty? || content.end_with?("\n") ? 0 : 1)
    row.problem = decode(content)
    count(content, row) unless row.problem
    row
  end

  # Gives the content its encoding; says what is wrong, if something is.
  def decode(content)
    name = content[ENCODING, 1] || "UTF-8"
    content.force_encoding(name.sub(/-(unix|dos|mac)\z/i, ""))
    "undecodable: not valid #{content.encoding}" unless content.valid_encoding?
  rescue ArgumentError
    "undecodable: unknown encoding #{name}"
  end

  def count(content, row)
    counter = Counter.new(content, row.path)
    counter.parse
    row.methods_defined = counter.methods_defined
    row.classes = counter.classes
    row.problem = "does not parse" if counter.error?
  rescue StandardError, SystemStackError => e
    row.problem = "does not parse: #{e.message}"
  end
end
