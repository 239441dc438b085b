# frozen_string_literal: true

require "spec_helper"
require "tmpdir"

RSpec.describe "The policies of forked stages", :unlogged do
  def job(count: 200, settings: {}, **options, &work)
    Class.new do
      include Minigun::DSL
      attr_reader :out

      settings.each { |word, value| public_send(word, value) }
      define_method(:initialize) { @out = [] }
      producer(:gen) { count.times { |n| emit n } }
      processor(:wrap) { |n| emit(n == 33 ? proc {} : n) } if options.delete(:unsendable)
      processor(:work, **options, &work)
      consumer(:keep) { |n| @out << n }
    end.new
  end

  %i[cow_fork ipc_fork].each do |kind|
    context kind.to_s do
      let(:forked) { { execution: kind, max: 2, ordered: true } }

      it "pass on a replacement where its item failed" do
        object = job(**forked, on_error: ->(_, n) { -n }) do |n|
          raise "no" if (n % 7).zero?

          2.times { emit n }
        end
        object.run
        expect(object.out).to eq((0...200).flat_map { |n| (n % 7).zero? ? [-n] : [n, n] })
      end

      it "pass on a replacement where its item killed its worker, or could not be carried" do
        object = job(**forked, unsendable: kind == :ipc_fork, max_retries: 0, on_error: ->(_, n) { n.is_a?(Proc) ? :proc : -n }) do |n|
          Process.kill(:KILL, Process.pid) if [50, 120].include?(n)
          emit n
        end
        object.run
        wanted = (0...200).map { |n| [50, 120].include?(n) ? -n : n }
        wanted[33] = :proc if kind == :ipc_fork
        expect(object.out).to eq(wanted)
      end

      it "keep the order of what is tried again" do
        Dir.mktmpdir do |folder|
          object = job(**forked, retries: 1, backoff: 0.001) do |n|
            raise "no" if (n % 9).zero? && !File.exist?(mark = File.join(folder, n.to_s)) && File.write(mark, "")

            emit n
          end
          object.run
          expect(object.out).to eq([*0...200])
        end
      end

      it "replace an output that could not be carried by something behind it, and lose nothing" do
        object = job(count: 40, **forked, on_error: ->(_, _) { :instead }) { |n| emit(n == 20 ? proc {} : n) }
        object.run
        expect(object.out - [:instead]).to eq([*0...40] - [20])
        expect(object.out.count(:instead)).to eq(1)
      end

      it "take max_retries from the stage, over the class" do
        object = job(count: 5, settings: { max_retries: 9 }, max_retries: 1, execution: kind, max: 2) do |n|
          Process.kill(:KILL, Process.pid) if n == 2
          emit n
        end
        object.run
        expect(object.last_result.worker_deaths).to eq(2)
        expect(object.out).to match_array([0, 1, 3, 4])
      end

      it "tell how often an item was tried, deaths of workers included" do
        Dir.mktmpdir do |folder|
          object = job(count: 6, settings: { max_retries: 2 }, execution: kind, max: 2, retries: 1, backoff: 0.001) do |n|
            Process.kill(:KILL, Process.pid) if n == 2
            raise "no" if n == 3
            if n == 4
              tries = Dir.children(folder).size
              File.write(File.join(folder, tries.to_s), "")
              tries == 1 ? Process.kill(:KILL, Process.pid) : raise("no")
            end

            emit n
          end
          object.run
          expect(object.last_result.errors).to contain_exactly(
            have_attributes(item: 2, attempts: 3, error: an_instance_of(Minigun::WorkerDied)),
            have_attributes(item: 3, attempts: 2), have_attributes(item: 4, attempts: 3)
          )
        end
      end
    end
  end

  it "take max_retries from a pipeline around the stage" do
    object = Class.new do
      include Minigun::DSL

      producer(:gen) { emit 1 }
      pipeline :inner, max_retries: 0 do
        consumer(:work, execution: :cow_fork, max: 1) { |_| Process.kill(:KILL, Process.pid) }
      end
    end.new
    object.run
    expect(object.last_result.worker_deaths).to eq(1)
  end

  it "refuse a max_retries that is no count" do
    expect { job(max_retries: -1) { |n| emit n }.run }.to raise_error(Minigun::Error, /stage :work: max_retries: must be zero/)
  end
end
