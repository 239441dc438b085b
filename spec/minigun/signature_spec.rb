# frozen_string_literal: true

require "spec_helper"

RSpec.describe Minigun::Signature do
  def signature(word, &block)
    found = described_class.of(word, block)
    [found.kind, found.receives]
  end

  describe "of a producer" do
    it "gives an output to whoever names one" do
      expect(signature(:producer) { nil }).to eq(%i[producer none])
      expect(signature(:producer) { |anything| anything }).to eq(%i[producer output])
    end
  end

  %i[processor consumer stage].each do |word|
    describe "of a #{word}" do
      it "gives the item" do
        expect(signature(word) { |item| item }).to eq(%i[each item])
        expect(signature(word) { |key, value| [key, value] }).to eq(%i[each item])
        expect(signature(word) { |output, item| [output, item] }).to eq(%i[each item])
        expect(signature(word) { _1 + _2 }).to eq(%i[each item])
        expect(signature(word, &:size)).to eq(%i[each item])
      end

      it "gives item and output if the last parameter is called like one" do
        %i[out output outputs out_queue _output output_queue].each do |name|
          block = eval("proc { |item, #{name}| }", binding, __FILE__, __LINE__) # rubocop:disable Security/Eval, Style/DocumentDynamicEvalDefinition

          expect(signature(word, &block)).to eq(%i[each item_output])
        end
        expect(signature(word) { |(key, value), out| [key, value, out] }).to eq(%i[each item_output])
        expect(signature(word) { |item, outcome| [item, outcome] }).to eq(%i[each item])
        expect(signature(word) { |item, output = nil| [item, output] }).to eq(%i[each item_output])
      end

      it "gives a lambda what it requires" do
        expect(signature(word, &->(item) { item })).to eq(%i[each item])
        expect(signature(word, &->(item, anything) { [item, anything] })).to eq(%i[each item_output])
        expect(signature(word, &->(item, out = nil) { [item, out] })).to eq(%i[each item_output])
        expect(signature(word, &->(item, factor = 2) { item * factor })).to eq(%i[each item])
      end

      it "is a producer without parameters" do
        expect(signature(word) { nil }).to eq(%i[producer none])
      end

      it "counts neither keywords nor blocks" do
        expect(signature(word) { |item, scale: 1, &block| [item, scale, block] }).to eq(%i[each item])
      end
    end
  end

  it "gives items to the splat of a method" do
    expect(signature(:consumer, &[].method(:push))).to eq(%i[each item])
  end

  it "makes a loop of a stage whose first parameter is called like an input" do
    expect(signature(:stage) { |input, output| [input, output] }).to eq(%i[loop input_output])
    expect(signature(:stage) { |_queue, anything| anything }).to eq(%i[loop input_output])
    expect(signature(:stage, &->(input, output) { [input, output] })).to eq(%i[loop input_output])
    expect(signature(:processor) { |input, output| [input, output] }).to eq(%i[each item_output])
    expect(signature(:stage) { |input| input }).to eq(%i[each item])
  end

  it "gives an accumulator the batch, and an output with the second parameter" do
    expect(signature(:accumulator)).to eq(%i[batch item])
    expect(signature(:accumulator) { nil }).to eq(%i[batch item])
    expect(signature(:accumulator) { |batch| batch }).to eq(%i[batch item])
    expect(signature(:accumulator) { |batch, anything| [batch, anything] }).to eq(%i[batch item_output])
  end

  describe "of a custom class" do
    def signature_of(base, &definition)
      found = Class.new(base, &definition).new(name: :x).signature
      [found.kind, found.receives]
    end

    it "follows its base and what its call accepts" do
      expect(signature_of(Minigun::ProducerStage) { def call = nil }).to eq(%i[producer none])
      expect(signature_of(Minigun::ProducerStage) { def call(output) = output }).to eq(%i[producer output])
      expect(signature_of(Minigun::ConsumerStage) { def call(item) = item }).to eq(%i[each item])
      expect(signature_of(Minigun::ConsumerStage) { def call(item, output) = [item, output] }).to eq(%i[each item_output])
      expect(signature_of(Minigun::ConsumerStage) { def call(*all) = all }).to eq(%i[each item_output])
      expect(signature_of(Minigun::ConsumerStage) { def call(item, scale: 1) = [item, scale] }).to eq(%i[each item])
      expect(signature_of(Minigun::Stage) { def call(input, output) = [input, output] }).to eq(%i[loop input_output])
    end

    it "may always address stages" do
      expect(Class.new(Minigun::ConsumerStage) { def call(item) = item }.new(name: :x).signature).to be_addresses
    end
  end

  it "knows who may address stages" do
    expect(described_class.of(:processor, proc { |item| item })).not_to be_addresses
    expect(described_class.of(:processor, proc { |item, output| [item, output] })).to be_addresses
  end
end
