// Hash tables of the backend. Zone S.
#pragma once

#include "pg/pg.hpp"

namespace mongo_fdw {

// A hash table in a memory context, by keys of a fixed size, or by text where flags is HASH_STRINGS. The entries of
// Entry begin with their key.
template <class Entry>
HTAB *make_hash_table(const char *name, Size key_size, MemoryContext context = TopMemoryContext,
                      int flags = HASH_BLOBS) {
    HASHCTL control{};
    control.keysize = key_size;
    control.entrysize = sizeof(Entry);
    control.hcxt = context;
    return hash_create(name, 64, &control, HASH_ELEM | HASH_CONTEXT | flags);
}

} // namespace mongo_fdw
