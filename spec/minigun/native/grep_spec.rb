# frozen_string_literal: true

require "spec_helper"

RSpec.describe "the native stage grep" do
  def grep(options, texts, **settings)
    Minigun::Native::Chain.new({ grep: options }, ordered: true, workers: 1, **settings).each(texts).to_a
  end

  TEXTS = ["", "a", "abc", "ABC", "a.c", "a]c", "caf\u00e9", "\u00e9a b", "deadbeef", "x1 y2", "\u0663", "\t tab", "\v", "1,5 $",
           "\u00a0", "a\nb", "b\n\u00e9", "\u{1f600}", "aaa", "ab" * 40, "under_score", "\u3042\u4e9c", "a-b", "[x]", "#1", "\u00df", "a  b"].freeze
  ATOMS = ["a", "b", ".", "\\.", "\\w", "\\W", "\\d", "\\D", "\\s", "\\S", "\\h", "\\H", "\\v", "\\t", "\u00e9", "\\u00e9", "\\u{61 62}", "\\xc3\\xa9",
           "[ab]", "[^ab]", "[\\h\\-]", "[\\H]", "[a-c\u00e9]", "[^\u00e9]", "[a[bc]]", "[\\w\\u00e9]", "[[:alpha:]]", "[[:^alpha:]]", "[^[:space:]]",
           "[[:punct:]1]", "[[:word:]]", "\\p{Alpha}", "\\p{^Alpha}", "\\P{Digit}", "\\p{Han}", "[\\p{Upper}b]", "(?:a|b)", "(?<n>a)", "(?m:.)", "(?>a+)", "\\]", "\\["].freeze
  ANCHORS = ["\\b", "\\B", "^", "$", "\\A", "\\z", "(?=a)", "(?!a)", "(?<=a)", "(?i:B)", "(?#x)", "#", " "].freeze
  QUANTIFIERS = ["", "", "", "?", "*", "+", "{2}", "{1,}", "{,2}", "+?", "*+"].freeze

  it "keeps what Ruby's Regexp matches, for random patterns" do
    random = Random.new(11)
    verbose, $VERBOSE = $VERBOSE, nil
    tried = 0
    while tried < 1_000
      source = Array.new(random.rand(1..4)) do
        random.rand(4).zero? ? ANCHORS.sample(random: random) : ATOMS.sample(random: random) + QUANTIFIERS.sample(random: random)
      end.join
      options = [0, 0, Regexp::IGNORECASE, Regexp::MULTILINE, Regexp::EXTENDED].sample(random: random)
      pattern = begin
        Regexp.new(source, options)
      rescue RegexpError
        next
      end
      next if source.include?("Upper") && pattern.casefold? # Ruby's own answers differ from place to place

      kept, expected = grep(pattern, TEXTS), TEXTS.grep(pattern)
      expect(kept).to eq(expected), "#{pattern.inspect}: #{kept} but #{expected}"
      tried += 1
    end
  ensure
    $VERBOSE = verbose
  end

  it "knows as Ruby does what can be printed, and seen" do
    texts = [*TEXTS, " ", "\u2003", "\u2028", "\u200b", "\u00ad", "\u0000", "\u0378", "\ue000", "\u0301"]
    [/[[:print:]]/, /[[:graph:]]/, /[^[:print:]]/, /\A[[:graph:]]+\z/, /[^[:graph:] ]/, /\p{Print}/, /\p{^Graph}/, /\P{Print}/].each do |pattern|
      expect(grep(pattern, texts)).to eq(texts.grep(pattern)), pattern.inspect
    end
  end

  it "drops with invert, takes several patterns, and Strings as they are" do
    expect(grep({ pattern: /a/i, invert: true }, TEXTS)).to eq(TEXTS.grep_v(/a/i))
    expect(grep(/\u00e9/i, ["CAF\u00c9", "E"])).to eq(["CAF\u00c9"])
    expect(grep([/\d/, "a.c", "\u00e9"], TEXTS)).to eq(TEXTS.grep(/\d|a\.c|\u00e9/))
    expect(grep({ pattern: ["[x]", "#"], invert: true }, TEXTS)).to eq(TEXTS.grep_v(/\[x\]|#/))
  end

  it "captures what Ruby captures" do
    pattern = /(?<first>\p{L}+)(?<number>\d+)?(?<rest>.*)/
    rows = grep({ pattern: pattern, captures: true }, TEXTS)
    expect(rows).to eq(TEXTS.filter_map { |text| pattern.match(text)&.named_captures })
  end

  it "takes bytes that are no UTF-8 as no match, and whatever the pattern says with /n" do
    broken = ["a\xff", "\xffb", "ok"]
    expect(grep(/b/, broken)).to eq(["\xffb"])
    expect(grep(/\Aa.\z/, broken)).to eq([])
    expect(grep(Regexp.new("\\xff", Regexp::NOENCODING), broken).map(&:b)).to eq(["a\xff".b, "\xffb".b])
  end

  it "refuses what PCRE2 doesn't know, before anything runs" do
    { /(?~abc)/ => /absence operators/, /[a&&b]/ => /intersections, &&/, /[b[^b]]/ => /a negated class within another/,
      /(?u:a)/ => /the option in \(\?u/, /a{2}+/ => /a second quantifier/, /[[:^punct:]]/ => /\[:\^punct:\]/ }.each do |pattern, message|
      expect { grep(pattern, []) }.to raise_error(ArgumentError, /native stage grep: pattern .* native stages don't know #{message}/)
    end
    expect { grep(5, []) }.to raise_error(ArgumentError, /takes a Regexp or a String, not 5/)
    expect { grep([], []) }.to raise_error(ArgumentError, /needs a pattern/)
  end
end
