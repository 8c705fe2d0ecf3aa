// Bulk writes: inserts, updates, replacements and deletes in one request. Zone P behind plain declarations; safe to
// include from zone B. No function throws.
#pragma once

#include "mongo/client.hpp"

namespace mongo_fdw::mongo {

enum class WriteKind : uint8_t { Insert, UpdateOne, UpdateMany, ReplaceOne, DeleteOne, DeleteMany };

// Whether an operation writes one document at most.
inline bool is_single(WriteKind kind) { return kind != WriteKind::UpdateMany && kind != WriteKind::DeleteMany; }

struct WriteOperation {
    WriteKind kind;
    bool upsert;
    Bytes filter;   // of all but inserts
    Bytes document; // to insert, to put in place, or the update: operators, or an array of stages
};

struct WriteRequest {
    const char *database;
    const char *collection;
    const WriteOperation *operations;
    uint32_t count;
    bool ordered;          // the first failure ends the request; else every operation is tried
    Bytes write_concern;   // data null: the connection's
    bool simple_collation; // the collection has another one: filters ask for this
};

// An operation that the server refused.
struct FailedOperation {
    uint32_t index;
    int32_t code;
    const char *message;
    const char *key; // of a duplicate: its values as JSON; null: unknown
};

// What was written, also where the request failed.
struct WriteResult {
    // Documents that are others than before.
    int64_t written() const { return inserted + upserted + modified + removed; }
    // Documents that the filters of updates and deletes have found.
    int64_t found() const { return matched + removed; }

    int64_t inserted;
    int64_t matched;
    int64_t modified;
    int64_t removed;
    int64_t upserted;
    const FailedOperation *failed; // in the memory that the caller gave
    uint32_t failed_count;
    bool unconfirmed; // written, but not as the write concern asks
    bool uncertain;   // more may have been written, see connect/write.cpp
};

// Sends the operations, in as many messages as the server's limits need. False with the first failure in *error. A
// connection that broke leaves open how much of what was on its way has been written.
bool write(Client *client, const WriteRequest &request, Memory memory, WriteResult *result, Error *error) noexcept;

// Runs a command that writes and has a single reply (findAndModify), which is copied into memory. *unconfirmed: it was
// written, but not as the write concern asks, which is an error.
bool modify(Client *client, const char *database, Bytes command, Memory memory, Bytes *reply, bool *unconfirmed,
            Error *error) noexcept;

// Runs a command that reads, on the primary and in the client's transaction; its reply is one batch.
bool read_primary(Client *client, const char *database, Bytes command, Memory memory, Bytes *reply,
                  Error *error) noexcept;

// False where the server has closed the connection since it was last used: nothing should be written through it.
bool connection_is_open(const Client *client) noexcept;

// 12 bytes that no other ObjectId has.
void make_object_id(uint8_t *out) noexcept;

} // namespace mongo_fdw::mongo
