// Memory contexts as the memory of results of zone P. Zone S.
#pragma once

#include "memory.hpp"
#include "pg/pg.hpp"

namespace mongo_fdw {

inline void *allocate_in_context(void *context, std::size_t size) noexcept {
    return MemoryContextAllocExtended(static_cast<MemoryContext>(context), Max(size, 1),
                                      MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
}

inline Memory memory_of(MemoryContext context) { return {allocate_in_context, context}; }
inline Memory current_memory() { return memory_of(CurrentMemoryContext); }

} // namespace mongo_fdw
