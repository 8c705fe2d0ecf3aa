// Looks at documents that a statement has written or is about to write, in the transaction of its writes. Zone B.
#pragma once

#include "convert/writer.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

// A find command whose filter is appended between begin and run.
struct Lookup {
    BsonWriter writer;
    int command;
    int filter;
};

void begin_lookup(Lookup *lookup, const TableOptions *table);

// Runs it for so many documents at most, with their _id alone or whole; the batch lives in the current memory context.
// Raises what the server raises.
BsonValue run_lookup(Lookup *lookup, const TableOptions *table, Oid user, int limit, bool id_only);

// The document with an _id; Missing where there is none; in the current memory context.
BsonValue stored_document(const TableOptions *table, Oid user, const BsonValue &id);

} // namespace mongo_fdw
