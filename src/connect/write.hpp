// Writes over the connections of this backend, and what the end of a transaction makes of them. Zone B.
#pragma once

#include "mongo/write.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// Sends operations over the user's connection and counts what was written, also where it failed. False with the first
// failure; a cancel always raises.
bool write_documents(Oid server, Oid user, const mongo::WriteRequest &request, mongo::WriteResult *result,
                     mongo::Error *failure);

// The same for a command that changes one document and answers with it (findAndModify). The reply is valid until the
// next command.
bool modify_document(Oid server, Oid user, const char *database, mongo::Bytes command, mongo::Bytes *reply,
                     mongo::Error *failure);

} // namespace mongo_fdw
