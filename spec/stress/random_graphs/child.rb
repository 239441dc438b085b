# frozen_string_literal: true

require "logger"

module RandomGraphs
  # Checks graphs in a process of its own, which may hang, die or leave things behind.
  module Child
    module_function

    # The index of the first graph with a fault, and the fault; nil if there is none.
    def first_fault(graphs, silence: 60)
      reader, writer = IO.pipe
      pid = fork { work(graphs, reader, writer) }
      writer.close
      listen(reader, graphs.size, silence)
    ensure
      stop(pid)
      reader.close
    end

    def work(graphs, reader, writer)
      reader.close
      Process.setpgid(0, 0)
      Minigun.logger = Logger.new(File::NULL)
      warm_up
      graphs.each do |graph|
        fault = Check.new(graph.call).fault
        writer.syswrite([fault.to_s].pack("m0") << "\n")
        break if fault
      end
    ensure
      exit!(0)
    end

    # Ruby opens descriptors at its first thread, wait and fork, and keeps them.
    def warm_up
      Timeout.timeout(1) { Thread.new { nil }.join }
      Process.wait(fork { exit!(0) })
    end

    def listen(reader, count, silence)
      count.times do |index|
        return [index, "nothing came for #{silence} seconds"] unless reader.wait_readable(silence)

        fault = reader.gets or return [index, "the process ended"]
        fault = fault.chomp.unpack1("m0").force_encoding(Encoding::UTF_8)
        return [index, fault] unless fault.empty?
      end
      nil
    end

    def stop(pid)
      Process.kill(:KILL, -pid)
    rescue Errno::ESRCH
      Process.kill(:KILL, pid)
    ensure
      Process.wait(pid)
    end
  end
end
