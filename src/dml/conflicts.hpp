// ON CONFLICT DO NOTHING inside a transaction of the server, which an error would end: what is there is looked up. Zone
// B.
#pragma once

#include "mongo/types.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

struct UniqueIndexes;

// The unique indexes of a table's collection, in the current memory context. Left out are those of which only the
// server can tell whether two documents have the same key: partial ones, those with a collation of their own, and
// compound ones with several paths below one field.
UniqueIndexes *read_unique_indexes(const TableOptions *table, Oid user);

// Whether a document of the collection has the _id or another unique key of one of the documents.
bool any_exists(const TableOptions *table, Oid user, const UniqueIndexes *indexes, const mongo::Bytes *documents,
                uint32 count);

// Whether two of the documents may have the same unique key: false is certain.
bool may_repeat(const UniqueIndexes *indexes, const mongo::Bytes *documents, uint32 count);

} // namespace mongo_fdw
