// Initialisation of the driver and its log handler. Zone P.
// The handler runs inside frames of the driver, so it only copies; mongoc_cleanup is never called, because another
// extension in the same backend may share the library.
#include "mongo/log.hpp"

#include "mongo/api.hpp"

#include <cstdio>
#include <cstdlib>

namespace mongo_fdw::mongo {
namespace {

constexpr unsigned kLines = 16;
constexpr unsigned kLineSize = 256;
char lines[kLines][kLineSize];
unsigned first_line = 0;
unsigned line_count = 0;

extern "C" void keep_log_line(mongoc_log_level_t level, const char *domain, const char *message, void *) {
    unsigned at = (first_line + line_count) % kLines;
    if (line_count == kLines)
        first_line = (first_line + 1) % kLines;
    else
        line_count++;
    std::snprintf(lines[at], kLineSize, "%s: %s: %s", mongoc_log_level_str(level), domain, message);
}

} // namespace

void initialize_driver() noexcept {
    static bool done = false;
    if (done)
        return;
    done = true;
    mongoc_log_set_handler(keep_log_line, nullptr);
    // Without mongoc_cleanup the driver's performance counters would leave a file in /dev/shm for every backend.
    setenv("MONGOC_DISABLE_SHM", "1", 0);
    mongoc_init();
    mongoc_handshake_data_append("mongo_fdw_cpp", "1.0", nullptr);
}

bool next_log_line(char *buffer, unsigned size) noexcept {
    if (line_count == 0)
        return false;
    std::snprintf(buffer, size, "%s", lines[first_line]);
    first_line = (first_line + 1) % kLines;
    line_count--;
    return true;
}

} // namespace mongo_fdw::mongo
