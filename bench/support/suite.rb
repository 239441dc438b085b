# frozen_string_literal: true

module Bench
  Figure = Struct.new(:name, :unit, :body, :values)

  # One benchmark: contenders, figures and goals.
  class Suite
    include Goals

    attr_reader :name, :description, :contenders, :figures, :goals, :load

    def initialize(name, description)
      @name = name
      @description = description
      @group = @prepare = nil
      @without_memory = false
      @contenders = []
      @figures = []
      @goals = []
    end

    # Leaves the runs out that measure memory.
    def without_memory = @without_memory = true

    # A number of items, as SCALE has it.
    def scaled(count) = [(count * Float(ENV.fetch("SCALE", 1))).to_i, 1].max

    # Contenders from here on do another work: they take turns among themselves and get a table of
    # their own, the first one of it being what ratios refer to, and names that begin with the title.
    def group(title)
      @group = title
      @prepare = nil
    end

    # What contenders from here on are given instead of the number of items. Isn't measured.
    def prepare(&prepare) = @prepare = prepare

    def items(count) = @items = scaled(count)

    def check(&check) = @check = check

    def rounds(count = nil)
      @rounds = count if count
      ENV.fetch("ROUNDS", @rounds || 5).to_i
    end

    def contender(name, items: nil, check: @check, needs: nil, &body)
      require needs if needs
      name = "#{@group}: #{name}" if @group
      @contenders << Contender.new(name, items ? scaled(items) : @items, check, body, group: @group, prepare: @prepare)
    rescue LoadError
      warn "#{name}: left out, the gem is not installed"
    end

    # The program bench/programs/NAME.rb on the original gem, when ORIGINAL says where that is.
    def original(program, items:)
      @contenders << Original.new(program, items, @check, group: @group) if ENV["ORIGINAL"]
    end

    def figure(name, unit = "", &body) = @figures << Figure.new(name, unit, body, [])

    def ratio(one, other) = Bench.median(one.nanoseconds.zip(other.nanoseconds).map { |mine, theirs| mine / theirs })

    def run
      @load = Machine.load
      *groups, last = @contenders.group_by(&:group).values
      groups.each { |contenders| measure(contenders) }
      measure(last || []) { @figures.each { |figure| figure.values << figure.body.call } }
    end

    private

    def measure(contenders)
      contenders.each(&:warm_up)
      rounds.times do
        contenders.each(&:measure)
        yield if block_given?
      end
      contenders.each(&:measure_memory) unless @without_memory
    end
  end
end
