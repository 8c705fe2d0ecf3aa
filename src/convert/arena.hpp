// Bump allocation for the values of one batch, freed as a whole with its memory context. Zone B.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

struct Arena {
    MemoryContext context;
    char *at;
    char *end;
};

inline void arena_reset(Arena *arena) {
    MemoryContextReset(arena->context);
    arena->at = arena->end = nullptr;
}

inline void *arena_alloc(Arena *arena, Size size) {
    constexpr Size kBlock = 64 * 1024;
    size = MAXALIGN(size);
    if (static_cast<Size>(arena->end - arena->at) < size) {
        if (size > kBlock / 4)
            return MemoryContextAllocHuge(arena->context, size);
        arena->at = static_cast<char *>(MemoryContextAlloc(arena->context, kBlock));
        arena->end = arena->at + kBlock;
    }
    char *result = arena->at;
    arena->at += size;
    return result;
}

} // namespace mongo_fdw
