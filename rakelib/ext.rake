# frozen_string_literal: true

require_relative "instrumented"

# The extension under the sanitizers, inside a Ruby that was built without them: their libraries are
# loaded before everything else. A subset of the specs, or with `rake ext:asan[all]` every one.
namespace :ext do
  subset = %w[spec/minigun/execution spec/minigun/native/chain_spec.rb spec/minigun/native/pipeline_spec.rb
              spec/minigun/dag_spec.rb spec/minigun/stats_spec.rb spec/dialect/stage_loops_spec.rb spec/dialect/output_spec.rb
              spec/contract/interruption_spec.rb spec/contract/control_flow_spec.rb]
  threads = %w[spec/minigun/native/chain_spec.rb spec/minigun/native/pipeline_spec.rb spec/minigun/execution/exchange_spec.rb
               spec/minigun/execution/context_spec.rb spec/dialect/output_spec.rb spec/contract/interruption_spec.rb
               spec/contract/concurrency_and_order_spec.rb]

  # The sanitizers' allocators don't let go of their locks for a child of a process with native threads.
  sane = %w[--tag ~forks_beside_threads]

  sanitize = lambda do |name, flags, libraries, env, launcher, specs|
    preload = libraries.map { |library| Instrumented.library(library) }
    if preload.none?(&:nil?)
      build = Instrumented.new(name, flags).build
      log = ->(options) { "#{options}:log_path=#{build.reports}/report" }
      passed = build.rspec(*sane, *specs, launcher: launcher,
                                   env: { "LD_PRELOAD" => preload.join(" "), **env.transform_values(&log) })
      # Notes without a finding are of children, in which the thread sanitizer has lost its way.
      reports = Dir[File.join(build.reports, "report*")].select { |path| File.read(path).match?(/WARNING:|ERROR:|runtime error:/) }
      reports.first(3).each { |path| puts File.read(path)[0, 6000] }
      abort "#{reports.size} reports in #{build.reports}" if reports.any?
      abort "specs failed under #{name}" unless passed
    else
      puts "left out: the compiler has no #{libraries.join(" or ")}"
    end
  end

  chosen = ->(args, usual) { args.specs == "all" ? [] : [*(args.specs || usual), *args.extras] }

  desc "Run specs with the extension under the address and undefined-behaviour sanitizers: rake ext:asan, or rake ext:asan[all]"
  task :asan, [:specs] do |_, args|
    # Not the stack: Ruby's jumps leave the marks behind that frames they skip have set there.
    flags = %w[-O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined --param=asan-stack=0]
    sanitize.call("asan", flags, %w[libasan.so libubsan.so],
                  { "ASAN_OPTIONS" => "detect_leaks=0:exitcode=99:use_sigaltstack=0", "UBSAN_OPTIONS" => "print_stacktrace=1" }, [],
                  chosen.call(args, subset))
  end

  desc "Run specs with the extension under the thread sanitizer: rake ext:tsan, or rake ext:tsan[all]"
  task :tsan, [:specs] do |_, args|
    # A stack overflow leaves a signal handler by a jump, after which all that follows seems to run in one.
    sanitize.call("tsan", %w[-O1 -fsanitize=thread], %w[libtsan.so],
                  { "TSAN_OPTIONS" => "die_after_fork=0:exitcode=0:second_deadlock_stack=1:report_signal_unsafe=0" }, fixed_addresses,
                  chosen.call(args, threads))
  end

  desc "Run specs with what stands in for the calls that only Linux has: rake ext:portable, or rake ext:portable[all]"
  task :portable, [:specs] do |_, args|
    specs = chosen.call(args, %w[spec/contract spec/minigun/execution])
    abort "specs failed without Linux's own calls" unless Instrumented.new("portable", %w[-O1 -DMG_PORTABLE]).build.rspec(*specs)
  end

  # Reports whose cause is in our code: memory lost that we asked for, directly or through ruby_xmalloc and its
  # like (what Ruby made for us is Ruby's); values that nobody set if it is ours that looked at them, for
  # Ruby's collector looks at all of a stack; errors of access with a frame of ours near the top.
  allocator = %r{/vgpreload_|/libc[.-]}
  ours = lambda do |path|
    File.read(path).scan(%r{<error>.*?</error>}m).select do |error|
      frames = error[%r{<stack>.*?</stack>}m].scan(%r{<frame>.*?</frame>}m).map { |frame| frame.scan(%r{<(?:obj|fn)>([^<]*)<}).flatten }
      reached = frames.index { |object, _| object&.end_with?("/minigun.so", "/stages.so") } or next
      above = frames.first(reached).reject { |object, _| object&.match?(allocator) }
      case error[%r{<kind>(\w+)}, 1]
      when /Leak/ then above.empty? || above.last.last.start_with?("ruby_x")
      when /Uninit/ then above.empty?
      else above.size < 4
      end
    end
  end

  desc "Run specs with the extension under valgrind, its own errors alone: rake ext:valgrind, or of some specs"
  task :valgrind, [:specs] do |_, args|
    if system("valgrind", "--version", out: File::NULL, err: File::NULL)
      build = Instrumented.new("valgrind", %w[-O1]).build
      specs = args.specs ? [args.specs, *args.extras] : %w[spec/contract/emit_spec.rb spec/minigun/dag_spec.rb spec/minigun/native/chain_spec.rb]
      launcher = ["valgrind", "--quiet", "--num-callers=40", "--xml=yes", "--xml-file=#{build.reports}/%p.xml"]
      passed = build.rspec(*sane, *specs, launcher: launcher, env: { "SPEC_TIME_LIMIT" => "600" })
      errors = Dir[File.join(build.reports, "*.xml")].flat_map(&ours)
      puts errors.first(3)
      abort "#{errors.size} errors of ours in #{build.reports}" if errors.any?
      abort "specs failed under valgrind" unless passed
      puts "no error of ours in #{Dir[File.join(build.reports, "*.xml")].size} processes"
    else
      puts "left out: there is no valgrind"
    end
  end
end
