# frozen_string_literal: true

require "spec_helper"
require "logger"
require "open3"
require "stringio"
require "tempfile"

# What the specs of the newer dialect share: classes made from one block, the
# log of the example, programs run in a process of their own.
module DialectHelper
  LIB = File.expand_path("../../lib", __dir__)

  # A class with this body; its instances collect in #seen.
  def program(parent = Object, &body)
    Class.new(parent) do
      include Minigun::DSL
      attr_reader :seen

      def initialize
        @seen = []
      end
      class_eval(&body)
    end
  end

  # An instance of a class whose whole definition is this `pipeline` block.
  def flow(&definition)
    program { pipeline(&definition) }.new
  end

  # What the stages of such a flow put into @seen.
  def seen_by(&definition)
    flow(&definition).tap(&:run).seen
  end

  # Statistics of a stage, or of the run.
  def stats_of(object, name = nil)
    stats = object._minigun_task.root_pipeline.stats
    name ? stats.for_stage(name) : stats
  end

  def logged
    @log.string
  end

  # Standard output and error of a program, and its status.
  def ruby(code, env: {})
    Open3.capture3(env, RbConfig.ruby, "-I#{LIB}", "-rminigun", "-e", code)
  end

  def load_program(text)
    Tempfile.create(["program", ".rb"]) do |file|
      file.write(text)
      file.close
      yield file.path
    end
  end

  # The two ends of a pipe, closed after the block.
  def with_pipe
    pipe = IO.pipe
    yield(*pipe)
  ensure
    pipe.each(&:close)
  end
end

RSpec.configure do |config|
  config.include DialectHelper, :dialect
  config.define_derived_metadata(file_path: %r{/spec/dialect/}) do |metadata|
    metadata[:dialect] = true
    metadata[:no_leaks] = true unless metadata.key?(:no_leaks)
  end

  config.around(:each, :dialect) do |example|
    ordinary = Minigun.logger
    @log = StringIO.new
    Minigun.logger = Logger.new(@log)
    example.run
  ensure
    Minigun.logger = ordinary
  end
end
