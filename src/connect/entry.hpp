// What the files of this room share of the connection cache. Zone B.
#pragma once

#include "mongo/client.hpp"
#include "mongo/transaction.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// What was written, and what nobody knows: it was on its way when a connection broke.
struct WriteCount {
    int64 documents;
    int64 uncertain;
    bool unbounded; // a command for many documents was on its way
    bool any() const { return documents > 0 || uncertain > 0 || unbounded; }
    void add(const WriteCount &other) {
        documents += other.documents;
        uncertain += other.uncertain;
        unbounded = unbounded || other.unbounded;
    }
};

struct Entry {
    Oid mapping; // key: OID of the user mapping
    Oid server;
    mongo::Client *client; // null: closed
    bool valid;            // false: options changed since it was made
    bool keep;
    uint32 server_hash;
    uint32 mapping_hash;
    TimestampTz since;
    NameData name;         // of the server
    List *writes;          // Writes of the transaction, outermost level first, in TopMemoryContext
    bool in_transaction;   // a transaction of the server is bound to this one
    bool doomed;           // it can only be rolled back
    mongo::Aborts *aborts; // of connections that are closed: the next one sends them
};

// Calls visit(entry) for each entry; none where no connection was ever made.
HTAB *connection_entries();
template <class Visit> void for_each_entry(Visit visit) {
    HASH_SEQ_STATUS status;
    if (!connection_entries())
        return;
    hash_seq_init(&status, connection_entries());
    while (Entry *entry = static_cast<Entry *>(hash_seq_search(&status)))
        visit(entry);
}

// The entry of a user's connection; there must be one.
Entry *entry_of(Oid server, Oid user);

// Before the commit of PostgreSQL's transaction: commits those of the servers. Raises where one cannot be committed.
void commit_transactions();

// Before PREPARE TRANSACTION: raises where something was written, and ends transactions that have only read.
void end_for_prepare();

// After the end of PostgreSQL's transaction: aborts what is open and says what stays.
void end_writes(Entry *entry, bool aborted);

void end_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *);

} // namespace mongo_fdw
