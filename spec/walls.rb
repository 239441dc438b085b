# frozen_string_literal: true

# Rules about who may know whom. Each pattern is a wall, with the files it stands in (`files`) and those
# that may stand on its far side (`except`).
WALLS = {
  "Ruby's headers belong to the binding" =>
    { pattern: /#include\s+[<"]ruby/, files: "ext/**/*.{c,h}", except: %w[ext/minigun/minigun.h ext/minigun/rb_*.c ext/stages/rb_*.c] },
  "the core and its stages don't include the binding" =>
    { pattern: /#include\s+"(\.\.\/)*(minigun\.h|rb_)/, files: "ext/minigun/{core,native}/*.{c,h}", except: [] },
  "rb_ files have no headers of their own" =>
    { pattern: /#include\s+"rb_/, files: "ext/**/*.{c,h}", except: [] },
  "the GVL is left through one door" =>
    { pattern: /rb_thread_call_with(out)?_gvl|rb_nogvl\s*\(/, files: "ext/**/*.c", except: %w[ext/minigun/rb_nogvl.c] },
  "the core calls what can fail through its table" =>
    { pattern: /(?<![\w>.])(malloc|calloc|realloc|mmap|pipe|eventfd|read|write|poll|syscall|pthread_create)\s*\(/,
      files: "ext/minigun/core/*.c", except: %w[ext/minigun/core/sys.c] },
  "statuses become exceptions in one place" =>
    { pattern: /case\s+MG_NOMEM\b/, files: "ext/minigun/*.c", except: %w[ext/minigun/rb_error.c] },
  "only Ruby forks, so that its own hooks run" =>
    { pattern: /(?<![\w.>])v?fork\s*\(/, files: "ext/**/*.{c,h}", except: [] },
  "the core reports by status alone" =>
    { pattern: /\b(printf|perror|abort|exit)\s*\(|\bstderr\b/, files: "ext/**/*.{c,h}", except: [] },
  "children leave by exit!" =>
    { pattern: /(?<![\w.!])exit\s*(\(|$|\d)|\babort\b\s*["(]/, files: "lib/minigun/execution/**/*.rb", except: [] },
  "no disabled code" =>
    { pattern: /^\s*#if 0\b/, files: "ext/**/*.{c,h}", except: [] }
}.freeze

AT_THE_ROOT = %w[.gitignore .rspec CHANGELOG.md Gemfile LICENSE.txt README.md Rakefile SECURITY.md minigun.gemspec].freeze

COMMENT = %r{\A\s*(/?\*|//|#(?!\s*(include|if)))}

Encoding.default_external = Encoding::UTF_8 # whatever the locale
Dir.chdir(File.expand_path("..", __dir__))

def breaches(title, pattern:, files:, except:)
  (Dir[files] - except.flat_map { |glob| Dir[glob] }).flat_map do |path|
    File.foreach(path).with_index(1).filter_map do |line, number|
      "#{path}:#{number}: #{title}: #{line.strip}" if line.match?(pattern) && !line.match?(COMMENT)
    end
  end
end

# The extension must not lend its names to other libraries of the process, nor take theirs.
def stray_exports
  library = Dir["lib/minigun/minigun.so"].first
  return [] unless library

  names = `nm -D --defined-only #{library}`.scan(/ [A-Z] (\w+)/).flatten - %w[Init_minigun _init _fini _edata _end]
  names.map { |name| "#{library}: exports #{name}, not Init_minigun alone" }
end

def headers_that_lean_on_others
  Dir["ext/minigun/core/*.h"].reject do |path|
    system(ENV.fetch("CC", "cc"), *%w[-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c -include],
           path, "/dev/null", "-Iext/minigun")
  end.map { |path| "#{path}: does not compile alone" }
end

def ruby_files
  Dir["{lib,spec,bench,examples,rakelib,exe}/**/*.{rb,rake}", "*.gemspec", "Gemfile", "Rakefile", "exe/*"].uniq
end

# What a trial has left is soon added with the rest.
def left_at_the_root
  tracked = IO.popen(%w[git ls-files -z], err: File::NULL, &:read).split("\0")
  (tracked.reject { |path| path.include?("/") } - AT_THE_ROOT).map { |path| "#{path}: doesn't belong at the root" }
rescue Errno::ENOENT
  []
end

def unfrozen
  ruby_files.reject { |path| File.foreach(path).first(2).any?(/\A# frozen_string_literal: true$/) }
            .map { |path| "#{path}: lacks the frozen_string_literal line" }
end

def warned
  require "stringio"
  ruby_files.filter_map do |path|
    $stderr = StringIO.new
    RubyVM::InstructionSequence.compile_file(path)
    heard = $stderr.string
    "#{path}: #{heard}" unless heard.empty?
  rescue SyntaxError => e
    "#{path}: #{e.message}"
  ensure
    $stderr = STDERR
  end
end

def reasons_of_what_is_gone
  require_relative "../rakelib/coverage_reasons"
  CoverageReasons.new(Dir.pwd).stale
end

$VERBOSE = true
failures = WALLS.flat_map { |title, wall| breaches(title, **wall) } +
           stray_exports + headers_that_lean_on_others + left_at_the_root + unfrozen + warned + reasons_of_what_is_gone

abort failures.join("\n") if failures.any?
puts "walls hold"
