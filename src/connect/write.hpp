// Writes over the connections of this backend, and what the end of a transaction makes of them. Zone B.
#pragma once

#include "mongo/write.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

// Makes what follows on a server with option transaction 'session' part of its transaction, which is opened where begin
// says so. True where there is one. Raises 25000 where it can only be rolled back, and 40001 where it was lost.
bool enter_transaction(const TableOptions *table, Oid user, bool begin);

// Whether a read, too, begins the server's transaction: a snapshot is the transaction's.
bool reads_snapshot(const TableOptions *table);

// Whether a transaction is open over the user's connection to a server; raises as enter_transaction does.
bool in_transaction(Oid server, Oid user);

// Whether nobody knows what became of the operations that were on their way: the connection broke, or the server that
// took them steps down.
bool is_uncertain(const mongo::Error &error);

// Whether a server does not understand a command, or not all of what it says. It finds that before it writes.
bool is_not_understood(const mongo::Error &error);

// Sends operations over the user's connection and counts what was written, also where it failed. False with the first
// failure; a cancel always raises.
bool write_documents(const TableOptions *table, Oid user, const mongo::WriteRequest &request,
                     mongo::WriteResult *result, mongo::Error *failure);

// The same for a command that changes one document and answers with it (findAndModify). The reply, and what failed,
// live in the current memory context.
bool modify_document(const TableOptions *table, Oid user, mongo::Bytes command, mongo::Bytes *reply, bool *unconfirmed,
                     mongo::Error *failure);

// Runs a find or aggregate that looks at what is or will be written: on the primary, in the transaction of the writes
// where there is one. Its reply is one batch.
bool read_written(const TableOptions *table, Oid user, mongo::Bytes command, mongo::Bytes *reply,
                  mongo::Error *failure);

} // namespace mongo_fdw
