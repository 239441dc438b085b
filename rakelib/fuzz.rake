# frozen_string_literal: true

# Fuzzing with libFuzzer. Each spec/fuzz/*_fuzz.c names in its first comment what it is built of:
#
#   /* What is fuzzed, and what must hold.
#    *
#    * sources: ext/minigun/native/table.c ext/minigun/core/native_*.c
#    * libraries: z
#    * ruby: embedded
#    */
#
# Sources may be globs; C++ ones are compiled as such. Libraries are linked and, where one of them has a
# HAVE_ flag (see rakelib/stages.rake), the flag is set; a harness whose libraries are missing is left out.
# One with `ruby: embedded` is a Ruby itself, and needs one that is a shared library.
# Seeds are the files of spec/fuzz/corpus/NAME; what is found goes to tmp/fuzz.
module Fuzz
  extend Rake::FileUtilsExt

  FOLDER = "tmp/fuzz"
  FLAGS = %w[-g -O1 -D_GNU_SOURCE -fno-omit-frame-pointer -fno-sanitize-recover=all -Wno-comment
             -Iext/minigun -Ispec/fuzz].freeze

  module_function

  def compiler = ENV.fetch("CLANG", "clang")

  # @return [String, nil] why there can be no fuzzing
  def missing
    program = "int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return !data + !size; }"
    IO.popen([compiler, "-x", "c", "-fsanitize=fuzzer", "-", "-o", File::NULL, { err: File::NULL }], "w") { |input| input.puts program }
    "#{compiler} has no libFuzzer: install the packages clang and libclang-rt-14-dev" unless $?.success?
  rescue Errno::ENOENT
    "#{compiler} is not there: install the packages clang and libclang-rt-14-dev"
  end

  def names(wanted) = FileList["spec/fuzz/#{wanted || "*"}_fuzz.c"].map { |path| File.basename(path, "_fuzz.c") }

  # The words behind `sources:` or another name, in the harness's first comment.
  def listed(name, what)
    comment = File.read("spec/fuzz/#{name}_fuzz.c")[%r{\A/\*.*?\*/}m].to_s.gsub(/^ \*/, "")
    comment.scan(/^\s*#{what}:((?:.*\\\n)*.*)$/).flatten.join(" ").delete("\\").split
  end

  # Ruby's jumps leave the marks of frames behind that they skip: the stack goes unwatched.
  RUBY_FLAGS = %W[-I#{RbConfig::CONFIG["rubyhdrdir"]} -I#{RbConfig::CONFIG["rubyarchhdrdir"]} -mllvm -asan-stack=0].freeze

  def ruby?(name) = listed(name, "ruby") == ["embedded"]

  # What extconf.rb asks of this Ruby.
  def ruby_flags(libraries)
    found = StageTests.compiles?("void rb_hash_stlike_foreach(void); void (*here)(void) = rb_hash_stlike_foreach;", *libraries)
    [*RUBY_FLAGS, *("-DHAVE_RB_HASH_STLIKE_FOREACH" if found)]
  end

  def libraries(name)
    listed(name, "libraries").map { |library| "-l#{library}" } + (ruby?(name) ? RbConfig::CONFIG["LIBRUBYARG_SHARED"].split : [])
  end

  def build(name)
    libraries = libraries(name)
    return if ruby?(name) && RbConfig::CONFIG["ENABLE_SHARED"] != "yes"
    return unless StageTests.compiles?("", *libraries)

    defines = StageTests::LIBRARIES.filter_map { |define, (library, _)| "-D#{define}" if libraries.include?("-l#{library}") }
    defines << "-DHAVE_SIMDJSON" if libraries.include?("-lsimdjson")
    mkdir_p FOLDER, verbose: false
    flags = [*FLAGS, *defines, *(ruby_flags(libraries) if ruby?(name)), "-fsanitize=fuzzer,address,undefined"]
    cpp, sources = FileList[*listed(name, "sources")].to_a.uniq.partition { |path| path.end_with?(".cpp") }
    objects = cpp.map do |path|
      "#{FOLDER}/#{name}_#{File.basename(path, ".cpp")}.o".tap do |object|
        sh "#{compiler}++", *flags, "-std=gnu++17", "-fno-sanitize=vptr", "-c", path, "-o", object, verbose: false
      end
    end
    sh compiler, *flags, "-std=gnu11", "spec/fuzz/#{name}_fuzz.c", *sources, *objects, *libraries, "-lpthread", "-lm",
       "-o", "#{FOLDER}/#{name}", verbose: false
    "#{FOLDER}/#{name}"
  end

  def run(name, seconds)
    program = build(name)
    return puts("#{name}: left out: not all of its libraries are there: #{libraries(name).join(" ")}") unless program

    found = "#{FOLDER}/found/#{name}"
    mkdir_p found, verbose: false
    seeds = "spec/fuzz/corpus/#{name}"
    output = "#{FOLDER}/#{name}.log"
    command = [program, "-max_total_time=#{seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               "-artifact_prefix=#{FOLDER}/#{name}-", found, *(seeds if File.directory?(seeds))]
    # What a Ruby holds at its end is nobody's loss.
    env = ruby?(name) ? { "ASAN_OPTIONS" => "detect_leaks=0", "RUBYOPT" => nil } : {}
    good = system(env, *command, out: output, err: %i[child out])
    text = File.read(output)
    puts "#{name}: #{text[/stat::number_of_executed_units:\s*(\d+)/, 1] || 0} inputs in #{seconds} s, " \
         "#{good ? "nothing found" : "FAILED"}"
    abort "#{text.lines.last(60).join}\nfuzz: #{command.join(" ")}" unless good
  end
end

desc "Fuzz the parsers and tables: rake fuzz, rake \"fuzz[json]\"; FUZZ_SECONDS each (10)"
task :fuzz, [:name] do |_, args|
  names = Fuzz.names(args.name)
  abort "fuzz: there is no spec/fuzz/#{args.name}_fuzz.c" if names.empty?

  if (reason = Fuzz.missing)
    puts "fuzz: left out: #{reason}"
  else
    names.each { |name| Fuzz.run(name, Integer(ENV.fetch("FUZZ_SECONDS", "10"))) }
  end
end
