// The opponent: oneTBB and simdjson's on-demand parser, as their documents advise. Filters an
// NDJSON log by status and sums by path; prints count and bytes of all groups.
//
//   tbb_simdjson FILE WORKERS
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

#include <simdjson.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

using namespace simdjson;

struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct Sum {
    uint64_t count = 0;
    int64_t bytes = 0;
};

using Sums = std::unordered_map<std::string, Sum, Hash, std::equal_to<>>;

struct State {
    ondemand::parser parser;
    std::vector<char> buffer;
    Sums sums;
};

static const size_t block = 1 << 20, slack = 1 << 16;

static void
add(State &state, int fd, size_t size, size_t from)
{
    size_t to = std::min(from + block, size), base = from ? from - 1 : 0;
    state.buffer.resize(block + slack + SIMDJSON_PADDING);
    ssize_t got = pread(fd, state.buffer.data(), std::min(to - base + slack, size - base), base);
    const char *data = state.buffer.data(), *end = data + got, *begin = data;
    if (from) begin = static_cast<const char *>(memchr(data, '\n', got)) + 1;
    const char *last = data + (to - base) - 1;
    const char *stop = static_cast<const char *>(memchr(last, '\n', end - last));
    end = stop ? stop + 1 : end;

    ondemand::document_stream stream;
    if (state.parser.iterate_many(begin, end - begin, block + slack).get(stream)) abort();
    for (auto document : stream) {
        std::string_view path;
        int64_t status, bytes;
        if (document.find_field("path").get_string().get(path)) continue;
        if (document.find_field("status").get_int64().get(status) || status < 500) continue;
        if (document.find_field("bytes").get_int64().get(bytes)) continue;
        auto found = state.sums.find(path);
        if (found == state.sums.end()) found = state.sums.emplace(std::string(path), Sum{}).first;
        found->second.count++;
        found->second.bytes += bytes;
    }
}

int
main(int argc, char **argv)
{
    if (argc != 3) return 2;
    tbb::global_control control(tbb::global_control::max_allowed_parallelism, atoi(argv[2]));
    tbb::enumerable_thread_specific<State> states;
    int fd = open(argv[1], O_RDONLY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) return 1;
    size_t size = status.st_size;

    tbb::parallel_for(size_t(0), (size + block - 1) / block,
                      [&](size_t i) { add(states.local(), fd, size, i * block); });
    Sums sums;
    for (State &state : states) {
        for (auto &[path, sum] : state.sums) {
            sums[path].count += sum.count;
            sums[path].bytes += sum.bytes;
        }
    }
    uint64_t count = 0;
    int64_t bytes = 0;
    for (auto &[path, sum] : sums) count += sum.count, bytes += sum.bytes;
    printf("%zu %llu %lld\n", sums.size(), (unsigned long long)count, (long long)bytes);
}
