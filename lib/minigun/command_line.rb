# frozen_string_literal: true

require "optparse"

module Minigun
  # The command `minigun`: runs or explains what a file defines.
  #
  #   exit Minigun::CommandLine.new(ARGV).run
  class CommandLine
    # What is wrong with a call of the command.
    class UsageError < Error; end

    COMMANDS = %w[run explain version help].freeze
    LEVELS = %w[debug info warn error fatal].freeze
    # That of the DSL, whatever the job's class calls run.
    RUN = DSL.instance_method(:run)
    FAILED = 1
    WRONG_USE = 2

    # @param arguments [Array<String>]
    # @param output [IO] for what was asked for
    # @param errors [IO] for what went wrong
    def initialize(arguments, output: $stdout, errors: $stderr)
      cut = arguments.index("--") || arguments.size
      @arguments, @given = arguments.first(cut), arguments.drop(cut + 1)
      @output, @errors = output, errors
      @statistics = false
    end

    # @return [Integer] the exit status: 0; 1 if the run failed; 2 if the command can't be understood
    def run
      command, *rest = options.parse(@arguments)
      return help if @help || command == "help"
      return version if @version || command == "version"
      return help unless command

      carry_out(command, rest)
      0
    rescue UsageError, OptionParser::ParseError => e
      complain("#{e.message}\n\n#{options.banner}", WRONG_USE)
    rescue ScriptError, StandardError => e
      complain("#{e.class}: #{e.message} (#{origin(e)})", FAILED)
    end

    private

    def options
      @options ||= OptionParser.new do |parser|
        parser.banner = <<~USAGE.chomp
          Usage: minigun run FILE [CLASS] [-- ARGUMENT...]      run the job that FILE defines
                 minigun explain FILE [CLASS] [-- ARGUMENT...]  show its plan and run nothing
                 minigun version
                 minigun help
        USAGE
        parser.on("--statistics", "after a run, what each stage did") { @statistics = true }
        parser.on("--log LEVEL", LEVELS, LEVELS.join(", ")) { |level| Minigun.logger.level = level }
        parser.on("-h", "--help") { @help = true }
        parser.on("-v", "--version") { @version = true }
      end
    end

    def help
      @output.puts options.help, "", <<~TEXT
        CLASS is needed only if the file defines several jobs; the ARGUMENTs go to its constructor. The file is
        loaded: if it starts its job itself, it should do so only `if $PROGRAM_NAME == __FILE__`.
      TEXT
      0
    end

    def version
      @output.puts "minigun #{VERSION}"
      0
    end

    def carry_out(command, rest)
      raise UsageError, "unknown command #{command}#{Options.hint(command, COMMANDS)}" unless COMMANDS.include?(command)

      file, name, *more = rest
      raise UsageError, "#{command} needs a file" unless file
      raise UsageError, "what is #{more.join(" ")}? Arguments of the constructor stand behind --" if more.any?

      job = make(job_class(file, name))
      command == "run" ? run_job(job) : explain(job)
    end

    def run_job(job)
      RUN.bind_call(job)
      @output.puts Instance.of(job).task.root_pipeline.stats.summary if @statistics
    end

    def explain(job)
      @output.puts Instance.of(job).evaluate.explain(job)
    end

    def job_class(file, name)
      found = classes_of(file)
      raise UsageError, "#{file} defines no class that includes Minigun::DSL" if found.empty?
      return named(found, name, file) if name
      return found.first if found.size == 1

      raise UsageError, "#{file} defines several: #{found.map(&:name).sort.join(", ")}; name one"
    end

    def named(found, name, file)
      found.find { |each| each.name == name } or
        raise UsageError, "#{file} defines no job #{name}#{Options.hint(name, found.map(&:name))}"
    end

    # The named jobs that loading a file brings.
    def classes_of(file)
      raise UsageError, "there is no file #{file}" unless File.file?(file)

      before = jobs
      load File.expand_path(file)
      jobs - before
    end

    def jobs = ObjectSpace.each_object(Class).select { |each| each < DSL && each.name }

    def make(job_class)
      return job_class.new(*@given) if fits?(job_class.instance_method(:initialize))

      raise UsageError, "#{job_class}.new takes other arguments than #{@given.size}; give them behind --"
    end

    def fits?(constructor)
      kinds = constructor.parameters.map(&:first)
      required = kinds.count(:req)
      most = kinds.include?(:rest) ? Float::INFINITY : required + kinds.count(:opt)
      @given.size.between?(required, most) && !kinds.include?(:keyreq)
    end

    def origin(error) = error.backtrace&.find { |line| !line.start_with?(__dir__) } || "nowhere"

    def complain(text, status)
      @errors.puts "minigun: #{text}"
      status
    end
  end
end
