# frozen_string_literal: true

require "spec_helper"
require_relative "misuse"

RSpec.describe "Misuse of what is public", limit: 300 do
  it "is answered or refused, and never crashes or hangs the process" do
    wanted = ENV.fetch("MISUSE", "")
    cases = Misuse.cases.select { |one| one.to_s.include?(wanted) }
    faults = Cases.run(cases, silence: 40, jobs: 2, most: 10, &:fault)
    texts = faults.map { |index, fault| "#{cases[index]}: #{fault}\n  again: MISUSE=#{cases[index].to_s.inspect} rspec spec/semantics/misuse_spec.rb" }

    expect(texts).to be_empty, texts.join("\n")
  end

  it "of native classes: no copies, no dumps" do
    made = [Minigun::Execution::Exchange.new(1, 4096), Misuse.ran._minigun_task.root_pipeline.latest_run]
    made.each do |object|
      expect { Marshal.dump(object) }.to raise_error(TypeError)
      %i[dup clone].each do |copying|
        copy = object.public_send(copying)
        expect { (Minigun::Execution::Exchange === copy ? copy.wait(0) : copy.pending) }.to raise_error(StandardError)
      rescue TypeError, NoMethodError
        next # not to be copied at all, which is as good
      end
    end
  end

  it "finds the native classes" do
    expect(Misuse.native_classes).to include(Minigun::Execution::Run, Minigun::DAG)
  end
end
