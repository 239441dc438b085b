# frozen_string_literal: true

require "spec_helper"
require "open3"

# Every example with an expected output behind __END__ prints just that; a line of
# one asterisk stands for any line.
RSpec.describe "Examples" do
  root = File.expand_path("..", __dir__)
  paths = Dir[File.join(root, "examples", "*.rb")].sort.select { |path| File.read(path).include?("\n__END__\n") }

  paths.each do |path|
    it "#{File.basename(path)} prints what it says" do
      expected = File.read(path).split("\n__END__\n").last.lines(chomp: true)
      out, err, status = Open3.capture3(RbConfig.ruby, "-w", "-I#{root}/lib", path)
      got = out.lines(chomp: true)
      got = got.zip(expected).map { |line, wanted| wanted == "*" ? "*" : line }

      expect([got, err, status.success?]).to eq([expected, "", true])
    end
  end

  it "are listed in their README" do
    listed = File.read(File.join(root, "examples", "README.md")).scan(/\]\((\w+\.rb)\)/).flatten

    expect(paths.map { |path| File.basename(path) } - listed).to eq([])
    expect(listed.reject { |name| File.exist?(File.join(root, "examples", name)) }).to eq([])
  end
end
