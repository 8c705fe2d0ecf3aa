// Paths of documents that no column of a foreign table holds. Zone B.
#pragma once

#include "catalog/profile.hpp"
#include "connect/documents.hpp"

namespace mongo_fdw {

// One such path, over all documents (rows of a child table).
struct UnknownPath {
    const char *path; // as mongo.profile says it; server encoding
    int64 rows;       // that the path could stand in
    int64 found;      // values, nulls among them
    uint64_t types[kBsonTypes];
    List *examples; // BsonValue: an _id
};

// Counts what stands in the documents of a table and in none of its columns, nor in those of the foreign tables of its
// schema over the same collection: keys that no column names where sub-documents are told apart by columns, and values
// that are no sub-documents there. A table with a column for whole documents has none. *by_server: who counted.
// Paths are in the order of their names; of more than kMostUnknownPaths the most frequent.
constexpr int kMostUnknownPaths = 1000;
List *unknown_paths(const TableOptions *table, const DocumentSource &source, mql::Document pipeline, bool may_ask,
                    int most_examples, bool *by_server);

} // namespace mongo_fdw
