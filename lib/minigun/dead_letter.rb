# frozen_string_literal: true

module Minigun
  # An item that a stage could not deal with, and why. What sinks for dead letters get.
  #
  # item: as the stage got it, an Array for a batch; stage, pipeline: names; error: the last
  # exception; attempts: how often the stage was called with it.
  DeadLetter = Struct.new(:item, :stage, :pipeline, :error, :attempts, keyword_init: true) do
    # @return [Hash] what a line of a file of dead letters holds
    def to_h_for_file
      { "time" => Time.now.utc.strftime("%FT%T.%LZ"), "pipeline" => pipeline.to_s, "stage" => stage.to_s }
        .merge(DeadLetter::Plain.field(item))
        .merge("error" => { "class" => error.class.to_s, "message" => DeadLetter::Plain.text(error) },
               "attempts" => attempts)
    end
  end

  # Items as JSON, as far as it can say them.
  module DeadLetter::Plain
    SHOWN = 4096
    DEPTH = 100

    module_function

    # The field for an item: the item, or what can be said of it.
    # @return [Hash{String => Object}]
    def field(item)
      return { "item" => item } if plain?(item, DEPTH)
      return { "item_base64" => [item].pack("m0") } if item.is_a?(String)

      { "item_inspect" => shown(item) }
    end

    def plain?(value, depth)
      case value
      when nil, true, false, Integer then true
      when Float then value.finite?
      when String then utf8?(value)
      when Array then depth.positive? && value.all? { |part| plain?(part, depth - 1) }
      when Hash then depth.positive? && value.all? { |key, part| key?(key) && plain?(part, depth - 1) }
      else false
      end
    end

    def text(error)
      text = error.message.to_s
      utf8?(text) ? text : text.inspect
    rescue StandardError
      "its message can't be told"
    end

    def key?(key) = key.is_a?(String) && utf8?(key)

    def utf8?(text) = (text.encoding == Encoding::UTF_8 || text.ascii_only?) && text.valid_encoding?

    def shown(item)
      text = item.inspect[0, SHOWN]
      utf8?(text) ? text : text.dump
    rescue StandardError, SystemStackError
      "a #{item.class} that can't be shown"
    end
  end
end
