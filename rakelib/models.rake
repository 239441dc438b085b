# frozen_string_literal: true

require "tmpdir"

MODELS = FileList["spec/models/*.pml"]
PAN_FLAGS = %w[-O2 -w -DSAFETY -DVECTORSZ=2048].freeze

# Goes through every state of a model, with one of its planted bugs or, by 0, without.
# True if all of them are as they should be.
def model_holds?(path, broken)
  Dir.mktmpdir("minigun-model") do |folder|
    sh "spin", "-DBROKEN=#{broken}", "-a", File.expand_path(path), chdir: folder, verbose: false
    sh ENV.fetch("CC", "cc"), *PAN_FLAGS, "pan.c", "-o", "pan", chdir: folder, verbose: false
    output = IO.popen(["./pan", "-m1000000", "-n", { chdir: folder }], &:read)
    abort "#{path}: the search was cut short\n#{output}" if output.match?(/max search depth too small|out of memory/)
    Integer(output[/errors: (\d+)/, 1]).zero?
  end
end

def check_model(path)
  abort "#{path} doesn't hold" unless model_holds?(path, 0)
  bugs = File.read(path).scan(/^ \* BROKEN == (\d+):/).flatten
  abort "#{path} has no planted bug that shows what it can find" if bugs.empty?
  missed = bugs.select { |bug| model_holds?(path, bug) }
  abort "#{path} doesn't find its planted bugs #{missed.join(", ")}" if missed.any?
  puts "#{path} holds, and finds its #{bugs.size} planted bugs"
end

desc "Check the models of what must not hang or lose anything (needs spin)"
task :models do
  found = system("spin", "-V", out: File::NULL, err: File::NULL)
  abort "the models need spin: apt-get install spin, or see spinroot.com" unless found
  MODELS.each { |path| check_model(path) }
end
