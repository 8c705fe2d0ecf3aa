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

// CollectionInfos of a database, ordered by name, without those of the system. What the server refuses (rights, and the
// like) goes to *failure where the caller gives one and the result is NIL; a connection that fails always raises.
List *list_collections(Oid server, Oid user, const char *database, mongo::Error *failure);

// Names of all databases, in UTF-8. *told, where given: false where the server refuses to tell; else that raises.
List *list_databases(Oid server, bool *told);

// Documents of listIndexes, copied as BsonValue; NIL with *failure set where the server refuses.
List *list_indexes(const DocumentSource &source, mongo::Error *failure);

// Raises an error that is no refusal of the server's.
void raise_unless_refused(const mongo::Error &failure, const DocumentSource &source);

// Text of the server's in the database encoding; "(unreadable)" where that cannot say it.
const char *readable_text(const char *utf8, uint32_t length);

// Copies a value into the current memory context.
BsonValue copy_value(const BsonValue &value);

} // namespace mongo_fdw
