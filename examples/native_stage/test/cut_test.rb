# frozen_string_literal: true

require "minitest/autorun"
require "minigun_cut"

class CutTest < Minitest::Test
  class Words
    include Minigun::DSL
    attr_reader :words

    def initialize = @words = []

    producer(:lines) { ["a b c", "d e", "f"].each { |line| emit line } }
    native :second, cut: { field: 2, separator: " " }
    consumer(:keep) { |word| @words << word }
  end

  def test_a_pipeline_gets_the_fields
    Minigun.logger.level = Logger::FATAL
    job = Words.new
    job.run
    assert_equal %w[b e], job.words.sort
  end

  def test_a_chain_tells_what_it_rejects
    rejects = []
    chain = Minigun::Native::Chain.new({ cut: { field: 2 } }, on_reject: rejects.method(:<<))
    assert_equal ["y"], chain.each(["x\ty", "z"]).to_a
    assert_equal [["too few fields", "z"]], rejects.map { |reject| [reject.text, reject.record] }
  end

  def test_wrong_options_have_clear_errors
    error = assert_raises(Minigun::NativeError) { Minigun::Native::Chain.new({ cut: { field: 0 } }).each([]).to_a }
    assert_equal "cut: field must be 1 or more", error.message
  end
end
