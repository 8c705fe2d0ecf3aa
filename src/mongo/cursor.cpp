// Cursors over raw find, aggregate and getMore commands. Zone P.
// The driver's own cursor is not used: it sends killCursors when it is destroyed, which may wait in the middle of an
// abort, and it hides the size of its batches.
#include "mongo/cursor.hpp"
#include "mongo/client_internal.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace mongo_fdw::mongo {

struct Cursor {
    Client *client = nullptr;
    std::string database;
    std::string collection;
    Handle<mongoc_read_prefs_t> read_preference;
    bool in_transaction = false;
    Handle<mongoc_client_session_t> session; // null where the server has no sessions
    Document reply;
    Bytes batch{};
    int64_t id = 0;
    uint32_t server = 0;
    uint32_t fetch_bytes = 0;
    int64_t fetch_documents = 0;
    bool first_batch = true;
    CursorCounts counts{};
};

namespace {

constexpr int64_t kFirstBatch = 101; // the server's own default: enough to learn the size of a document
constexpr int64_t kMaxBatch = 100000;

const mongoc_read_prefs_t *preference_of(const Cursor *cursor) {
    return cursor->read_preference ? cursor->read_preference.get() : cursor->client->read_preference.get();
}

// Reads cursor.id and the batch out of a reply.
bool take_reply(Cursor *cursor, const char *batch_name, Error *error) {
    bson_iter_t top, inner;
    bool has_id = false, has_batch = false;
    if (bson_iter_init_find(&top, cursor->reply.get(), "cursor") && BSON_ITER_HOLDS_DOCUMENT(&top) &&
        bson_iter_recurse(&top, &inner)) {
        while (bson_iter_next(&inner)) {
            if (BSON_ITER_IS_KEY(&inner, "id") && BSON_ITER_HOLDS_INT64(&inner)) {
                cursor->id = bson_iter_int64(&inner);
                has_id = true;
            } else if (BSON_ITER_IS_KEY(&inner, batch_name) && BSON_ITER_HOLDS_ARRAY(&inner)) {
                bson_iter_array(&inner, &cursor->batch.size, &cursor->batch.data);
                has_batch = true;
            } else if (BSON_ITER_IS_KEY(&inner, "ns") && BSON_ITER_HOLDS_UTF8(&inner)) {
                // getMore goes to the namespace that the reply names: "$cmd.listCollections" is none of ours.
                const char *dot = std::strchr(bson_iter_utf8(&inner, nullptr), '.');
                if (dot && dot[1] != '\0')
                    cursor->collection = dot + 1;
            }
        }
    }
    if (!has_id || !has_batch) {
        set_error(error, ErrorKind::Protocol, 0, "the reply holds no cursor");
        cursor->id = 0;
        cursor->client->broken = true;
        cursor->client->broken_at_us = bson_get_monotonic_time();
        abort_streams(&cursor->client->streams);
        return false;
    }
    cursor->counts.batches++;
    cursor->counts.bytes += cursor->batch.size;
    return true;
}

bool send(Cursor *cursor, const bson_t *command, Error *error) {
    Document options;
    bson_error_t failure{};
    BSON_APPEND_INT32(options.get(), "serverId", static_cast<int32_t>(cursor->server));
    if (cursor->in_transaction && !cursor->client->transaction) {
        set_error(error, ErrorKind::Protocol, 0, "the transaction that the cursor belongs to has ended");
        return false;
    }
    if (cursor->in_transaction && !append_transaction(cursor->client, &options, error))
        return false;
    if (cursor->session && !mongoc_client_session_append(cursor->session.get(), options.get(), &failure)) {
        take_error(cursor->client, failure, nullptr, error);
        return false;
    }
    cursor->counts.commands++;
    if (!mongoc_client_command_with_opts(cursor->client->handle.get(), cursor->database.c_str(), command,
                                         preference_of(cursor), options.get(), cursor->reply.reset_for_output(),
                                         &failure)) {
        take_error(cursor->client, failure, cursor->reply.get(), error);
        return false;
    }
    cursor->client->worked = true;
    return true;
}

void start_session(Cursor *cursor) {
    mongoc_session_opt_t *options = mongoc_session_opts_new();
    mongoc_session_opts_set_causal_consistency(options, false);
    bson_error_t ignored{};
    cursor->session.reset(mongoc_client_start_session(cursor->client->handle.get(), options, &ignored));
    mongoc_session_opts_destroy(options);
}

bool open(Cursor *cursor, const CursorRequest &request, Error *error) {
    clear_debts(cursor->client);
    cursor->server = select_server(cursor->client, preference_of(cursor), error);
    if (!cursor->server)
        return false;
    if (!cursor->in_transaction)
        start_session(cursor);
    if (cursor->client->streams.interrupted) {
        set_error(error, ErrorKind::Interrupted, 0, "cancelled");
        return false;
    }
    bson_t given;
    if (!bson_init_static(&given, request.command.data, request.command.size)) {
        set_error(error, ErrorKind::Config, 0, "the command is not a BSON document");
        return false;
    }
    int64_t first = request.fetch_documents > 0 ? request.fetch_documents
                    : request.expected > 0      ? std::min(request.expected, kMaxBatch)
                                                : kFirstBatch;
    if (request.limit > 0)
        first = std::min(first, request.limit);
    Document command;
    bson_concat(command.get(), &given);
    if (request.aggregate) {
        Document options;
        BSON_APPEND_INT32(options.get(), "batchSize", static_cast<int32_t>(first));
        BSON_APPEND_DOCUMENT(command.get(), "cursor", options.get());
    } else {
        BSON_APPEND_INT32(command.get(), "batchSize", static_cast<int32_t>(first));
    }
    return send(cursor, command.get(), error) && take_reply(cursor, "firstBatch", error);
}

int64_t next_batch_size(const Cursor *cursor, uint32_t documents_in_last) {
    if (cursor->fetch_documents > 0)
        return std::min(cursor->fetch_documents, kMaxBatch);
    int64_t size = documents_in_last > 0 ? std::max<int64_t>(cursor->batch.size / documents_in_last, 1) : 1024;
    return std::clamp<int64_t>(cursor->fetch_bytes / size, 1, kMaxBatch);
}

} // namespace

Cursor *open_cursor(Client *client, const CursorRequest &request, Error *error) noexcept {
    clear_error(error);
    Cursor *cursor = nullptr;
    try {
        cursor = new Cursor;
        cursor->client = client;
        retain_client(client);
        cursor->database = request.database;
        cursor->collection = request.collection;
        cursor->fetch_bytes = request.fetch_bytes;
        cursor->fetch_documents = request.fetch_documents;
        cursor->in_transaction = request.in_transaction && client->transaction;
        if (cursor->in_transaction)
            cursor->read_preference = read_preference_of("primary");
        else if (request.read_preference && *request.read_preference)
            cursor->read_preference = read_preference_of(request.read_preference);
        if (open(cursor, request, error))
            return cursor;
    } catch (...) {
        set_error(error, ErrorKind::Config, 0, "out of memory");
    }
    close_cursor(cursor, false);
    return nullptr;
}

Bytes current_batch(const Cursor *cursor) noexcept { return cursor->batch; }

bool next_batch(Cursor *cursor, uint32_t documents_in_last, Error *error) noexcept {
    clear_error(error);
    if (cursor->id == 0)
        return false;
    if (cursor->client->broken) {
        set_error(error, ErrorKind::Lost, 0, "the connection was lost while another cursor used it");
        return false;
    }
    int64_t size = next_batch_size(cursor, documents_in_last);
    Document command;
    BSON_APPEND_INT64(command.get(), "getMore", cursor->id);
    BSON_APPEND_UTF8(command.get(), "collection", cursor->collection.c_str());
    BSON_APPEND_INT32(command.get(), "batchSize", static_cast<int32_t>(size));
    cursor->batch = {};
    cursor->first_batch = false;
    if (!send(cursor, command.get(), error) || !take_reply(cursor, "nextBatch", error)) {
        // The server ends a cursor whose getMore failed; there is nothing left to kill.
        cursor->id = 0;
        return false;
    }
    return true;
}

bool on_first_batch(const Cursor *cursor) noexcept { return cursor->first_batch; }

CursorCounts *counts(Cursor *cursor) noexcept { return &cursor->counts; }

void close_cursor(Cursor *cursor, bool may_wait) noexcept {
    if (!cursor)
        return;
    Client *client = cursor->client;
    if (cursor->id != 0 && !client->broken) {
        try {
            client->idle_cursors.push_back({cursor->database, cursor->collection, cursor->id, cursor->server});
        } catch (...) {
        }
        if (may_wait)
            clear_debts(client);
    }
    delete cursor;
    release_client(client);
}

} // namespace mongo_fdw::mongo
