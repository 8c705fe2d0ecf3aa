// Where functions of zone P put their results: memory of the caller, who owns them. In no zone.
#pragma once

#include <cstddef>

namespace mongo_fdw {

struct Memory {
    void *(*allocate)(void *place, std::size_t size) noexcept; // null where memory ran out
    void *place;
};

} // namespace mongo_fdw
