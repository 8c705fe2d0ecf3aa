// Bytes that are counted first and written then, where memory is the caller's. Zone B, free of PostgreSQL.
#pragma once

#include <cstdint>
#include <cstring>

namespace mongo_fdw {

struct ByteSink {
    uint8_t *start; // null: counts alone
    uint64_t size = 0;

    void bytes(const void *data, uint64_t count) {
        if (start && count)
            std::memcpy(start + size, data, count);
        size += count;
    }
    template <class T> void le(T value) { bytes(&value, sizeof value); }
    // What stands at an offset already, once it is known.
    template <class T> void set(uint64_t at, T value) {
        if (start)
            std::memcpy(start + at, &value, sizeof value);
    }
};

// The length word of a document or array; the result goes to close_document.
inline uint64_t open_document(ByteSink *sink) {
    uint64_t start = sink->size;
    sink->le(int32_t{0});
    return start;
}

inline void close_document(ByteSink *sink, uint64_t start) {
    sink->bytes("", 1);
    sink->set(start, static_cast<int32_t>(sink->size - start));
}

} // namespace mongo_fdw
