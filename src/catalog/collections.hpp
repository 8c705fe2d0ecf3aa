// The collections of a database. Zone B.
#pragma once

#include "connect/documents.hpp"

namespace mongo_fdw {

struct CollectionInfo {
    const char *name;    // UTF-8
    const char *shown;   // server encoding
    bool view;           //
    bool timeseries;     //
    BsonValue options;   // document of listCollections, copied; Missing: none
    BsonValue validator; // inside options
};

// CollectionInfos of a database, ordered by name, without those of the system. An error raises, or goes to *failure
// where the caller gives one and the result is NIL.
List *list_collections(Oid server, Oid user, const char *database, mongo::Error *failure);

// Documents of listIndexes, copied as BsonValue; NIL where the server refuses.
List *list_indexes(const DocumentSource &source, mongo::Error *failure);

// Copies a value into the current memory context.
BsonValue copy_value(const BsonValue &value);

} // namespace mongo_fdw
