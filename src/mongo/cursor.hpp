// A server-side cursor read in batches that are bounded by bytes or by documents.
// Zone P behind plain declarations; safe to include from zone B. No function throws.
#pragma once

#include "mongo/client.hpp"

namespace mongo_fdw::mongo {

struct Cursor;

struct CursorRequest {
    const char *database;
    const char *collection;
    Bytes command;               // find or aggregate without batchSize
    bool aggregate;              // batchSize goes into the sub-document "cursor"
    const char *read_preference; // null: the connection's
    uint32_t fetch_bytes;        // wished size of a batch
    int64_t fetch_documents;     // 0: as many as make fetch_bytes
    int64_t expected;            // documents that the first batch should hold, 0: a few
    bool in_transaction;         // it belongs to the client's transaction
    int64_t limit;               // upper bound of rows wanted, 0: none; makes the first batch fit
};

struct CursorCounts {
    uint64_t commands;
    uint64_t batches;
    uint64_t documents; // counted by the reader of the batches
    uint64_t bytes;     // of the batches' documents
};

// Sends the command. Null on error. The cursor holds a reference to the client.
Cursor *open_cursor(Client *client, const CursorRequest &request, Error *error) noexcept;

// The documents of the current batch as a BSON array (keys "0", "1", ... are not significant); valid until next_batch.
Bytes current_batch(const Cursor *cursor) noexcept;

// Fetches the next batch. False at the end (error->kind None) and on error. A cursor ends without an error only when
// the server said so.
bool next_batch(Cursor *cursor, uint32_t documents_in_last, Error *error) noexcept;

// True while the cursor still stands on its first batch.
bool on_first_batch(const Cursor *cursor) noexcept;

CursorCounts *counts(Cursor *cursor) noexcept;

// Ends the cursor. With may_wait an open cursor is killed on the server now, else it is remembered and killed before
// the client's next command. Idempotent through null.
void close_cursor(Cursor *cursor, bool may_wait) noexcept;

} // namespace mongo_fdw::mongo
