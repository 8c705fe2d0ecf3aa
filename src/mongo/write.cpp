// Bulk writes by the driver, which splits them by the server's limits and repeats what may be repeated. Zone P.
#include "mongo/write.hpp"
#include "mongo/client_internal.hpp"

#include <cstring>

namespace mongo_fdw::mongo {
namespace {

struct BulkDeleter {
    void operator()(mongoc_bulk_operation_t *bulk) const noexcept { mongoc_bulk_operation_destroy(bulk); }
    void operator()(mongoc_collection_t *collection) const noexcept { mongoc_collection_destroy(collection); }
};
template <class T> using Owned = std::unique_ptr<T, BulkDeleter>;

bool add(mongoc_bulk_operation_t *bulk, const WriteOperation &operation, const bson_t *options, const bson_t *upsert,
         bson_error_t *failure) {
    bson_t filter, document;
    if (operation.filter.data && !bson_init_static(&filter, operation.filter.data, operation.filter.size)) {
        bson_set_error(failure, MONGOC_ERROR_BSON, 0, "a filter is no BSON document");
        return false;
    }
    if (operation.document.data && !bson_init_static(&document, operation.document.data, operation.document.size)) {
        bson_set_error(failure, MONGOC_ERROR_BSON, 0, "a document is not BSON");
        return false;
    }
    if (operation.upsert)
        options = upsert;
    switch (operation.kind) {
    case WriteKind::Insert: // stand in requests of their own
        break;
    case WriteKind::UpdateMany:
        return mongoc_bulk_operation_update_many_with_opts(bulk, &filter, &document, options, failure);
    case WriteKind::UpdateOne:
        return mongoc_bulk_operation_update_one_with_opts(bulk, &filter, &document, options, failure);
    case WriteKind::ReplaceOne:
        return mongoc_bulk_operation_replace_one_with_opts(bulk, &filter, &document, options, failure);
    case WriteKind::DeleteOne:
        return mongoc_bulk_operation_remove_one_with_opts(bulk, &filter, options, failure);
    case WriteKind::DeleteMany:
        return mongoc_bulk_operation_remove_many_with_opts(bulk, &filter, options, failure);
    }
    return false;
}

int64_t count_in(const bson_t *reply, const char *name) {
    bson_iter_t iterator;
    return bson_iter_init_find(&iterator, reply, name) ? bson_iter_as_int64(&iterator) : 0;
}

// Copies of text in the caller's memory; null where none is left.
const char *copy_text(Memory memory, const char *text) {
    size_t size = std::strlen(text) + 1;
    char *copy = static_cast<char *>(memory.allocate(memory.place, size));
    return copy ? static_cast<char *>(std::memcpy(copy, text, size)) : nullptr;
}

// The values of a duplicate key as JSON; null where the server does not tell them.
const char *key_text(const bson_iter_t &error, Memory memory) {
    bson_iter_t inner;
    if (!bson_iter_recurse(&error, &inner) || !bson_iter_find(&inner, "keyValue") || !BSON_ITER_HOLDS_DOCUMENT(&inner))
        return nullptr;
    const uint8_t *data;
    uint32_t size;
    bson_t key;
    bson_iter_document(&inner, &size, &data);
    if (!bson_init_static(&key, data, size))
        return nullptr;
    char *json = bson_as_relaxed_extended_json(&key, nullptr);
    const char *copy = json ? copy_text(memory, json) : nullptr;
    bson_free(json);
    return copy;
}

FailedOperation failure_of(const bson_iter_t &error, Memory memory) {
    FailedOperation failure{0, 0, nullptr, key_text(error, memory)};
    bson_iter_t field;
    if (bson_iter_recurse(&error, &field))
        while (bson_iter_next(&field)) {
            if (BSON_ITER_IS_KEY(&field, "index"))
                failure.index = static_cast<uint32_t>(bson_iter_as_int64(&field));
            else if (BSON_ITER_IS_KEY(&field, "code"))
                failure.code = static_cast<int32_t>(bson_iter_as_int64(&field));
            else if (BSON_ITER_IS_KEY(&field, "errmsg") && BSON_ITER_HOLDS_UTF8(&field))
                failure.message = copy_text(memory, bson_iter_utf8(&field, nullptr));
        }
    if (!failure.message)
        failure.message = "";
    return failure;
}

// Where memory runs out the failures stay uncounted; the write has failed all the same.
void take_failures(const bson_t *reply, Memory memory, WriteResult *result) {
    bson_iter_t list, error;
    if (!bson_iter_init_find(&list, reply, "writeErrors") || !bson_iter_recurse(&list, &error))
        return;
    std::vector<FailedOperation> failures;
    while (bson_iter_next(&error))
        failures.push_back(failure_of(error, memory));
    size_t size = sizeof(FailedOperation) * failures.size();
    void *copy = failures.empty() ? nullptr : memory.allocate(memory.place, size);
    if (!copy)
        return;
    std::memcpy(copy, failures.data(), size);
    result->failed = static_cast<FailedOperation *>(copy);
    result->failed_count = static_cast<uint32_t>(failures.size());
}

bool append_concern(const WriteRequest &request, Document *options) {
    bson_t concern;
    return !request.write_concern.data ||
           (bson_init_static(&concern, request.write_concern.data, request.write_concern.size) &&
            BSON_APPEND_DOCUMENT(options->get(), "writeConcern", &concern));
}

bool has_concern_error(const bson_t *reply) {
    bson_iter_t iterator, inner;
    return bson_iter_init_find(&iterator, reply, "writeConcernErrors") && bson_iter_recurse(&iterator, &inner) &&
           bson_iter_next(&inner);
}

// Once a write is under way, a connection that breaks leaves open what became of it, also where it is new.
void expect_writes(Client *client) { client->worked = true; }

bool inserts_only(const WriteRequest &request) {
    for (uint32_t i = 0; i < request.count; i++)
        if (request.operations[i].kind != WriteKind::Insert)
            return false;
    return true;
}

// Inserts without the bulk interface, which reads its options once more for each document. False where one is no BSON.
bool insert_all(Client *client, mongoc_collection_t *collection, const WriteRequest &request, const bson_t *options,
                bool *done, bson_error_t *failure) {
    struct View { // keeps the alignment that the driver asks for
        bson_t bson;
    };
    std::vector<View> documents(request.count);
    std::vector<const View *> pointers(request.count);
    for (uint32_t i = 0; i < request.count; i++) {
        const Bytes &document = request.operations[i].document;
        if (!bson_init_static(&documents[i].bson, document.data, document.size))
            return false;
        pointers[i] = &documents[i];
    }
    expect_writes(client);
    *done = mongoc_collection_insert_many(collection, reinterpret_cast<const bson_t **>(pointers.data()),
                                          pointers.size(), options, client->reply.reset_for_output(), failure);
    return true;
}

bool run(Client *client, const WriteRequest &request, Memory memory, WriteResult *result, Error *error) {
    clear_debts(client);
    Document options, plain, upsert;
    bson_error_t failure{};
    BSON_APPEND_BOOL(options.get(), "ordered", request.ordered);
    if (client->transaction) {
        if (!append_transaction(client, &options, error))
            return false;
    } else if (!append_concern(request, &options)) {
        set_error(error, ErrorKind::Config, 0, "the write concern is no document");
        return false;
    }
    bool validates = request.count > 0 && request.operations[0].kind != WriteKind::DeleteOne &&
                     request.operations[0].kind != WriteKind::DeleteMany;
    if (validates)
        BSON_APPEND_BOOL(plain.get(), "validate", false);
    if (request.simple_collation) {
        Document collation;
        BSON_APPEND_UTF8(collation.get(), "locale", "simple");
        BSON_APPEND_DOCUMENT(plain.get(), "collation", collation.get());
    }
    bson_concat(upsert.get(), plain.get());
    BSON_APPEND_BOOL(upsert.get(), "upsert", true);
    bool own_concern = request.write_concern.data || client->transaction;
    if (!own_concern && !mongoc_write_concern_is_acknowledged(mongoc_client_get_write_concern(client->handle.get()))) {
        set_error(error, ErrorKind::Config, 0,
                  "The URI's write concern asks for no acknowledgement: nobody would know what was written.");
        return false;
    }
    Owned<mongoc_collection_t> collection(
        mongoc_client_get_collection(client->handle.get(), request.database, request.collection));
    if (request.count == 0)
        return true;
    bool done;
    if (inserts_only(request)) {
        BSON_APPEND_BOOL(options.get(), "validate", false);
        if (!insert_all(client, collection.get(), request, options.get(), &done, &failure)) {
            set_error(error, ErrorKind::Config, 0, "a document is not BSON");
            return false;
        }
    } else {
        Owned<mongoc_bulk_operation_t> bulk(
            mongoc_collection_create_bulk_operation_with_opts(collection.get(), options.get()));
        for (uint32_t i = 0; i < request.count; i++)
            if (!add(bulk.get(), request.operations[i], plain.get(), upsert.get(), &failure)) {
                set_error(error, ErrorKind::Config, 0, failure.message);
                return false;
            }
        expect_writes(client);
        done = mongoc_bulk_operation_execute(bulk.get(), client->reply.reset_for_output(), &failure) != 0;
    }
    const bson_t *reply = client->reply.get();
    result->inserted = count_in(reply, "insertedCount");
    result->matched = count_in(reply, "nMatched");
    result->modified = count_in(reply, "nModified");
    result->removed = count_in(reply, "nRemoved");
    result->upserted = count_in(reply, "nUpserted");
    take_failures(reply, memory, result);
    result->unconfirmed = has_concern_error(reply);
    if (done && result->failed_count == 0 && !result->unconfirmed) {
        client->worked = true;
        return true;
    }
    take_error(client, failure, reply, error);
    if (result->failed_count > 0 && !result->unconfirmed && error->kind == ErrorKind::Server) {
        bool transient = error->transient;
        set_error(error, ErrorKind::Server, result->failed[0].code, result->failed[0].message);
        error->transient = transient;
    }
    return false;
}

} // namespace

bool write(Client *client, const WriteRequest &request, Memory memory, WriteResult *result, Error *error) noexcept {
    clear_error(error);
    *result = {};
    try {
        return run(client, request, memory, result, error);
    } catch (...) {
        set_error(error, ErrorKind::Config, 0, "out of memory");
        return false;
    }
}

namespace {

// What both kinds of single commands need: the command's view, and the options of the transaction.
bool prepare_command(Client *client, Bytes command, bson_t *view, Document *options, Error *error) {
    clear_error(error);
    clear_debts(client);
    if (!bson_init_static(view, command.data, command.size)) {
        set_error(error, ErrorKind::Config, 0, "the command is not a BSON document");
        return false;
    }
    return !client->transaction || append_transaction(client, options, error);
}

bool take_reply(Client *client, bool done, const bson_error_t &failure, Memory memory, Bytes *reply, Error *error) {
    bool copied = copy_reply(client, memory, reply, error);
    if (done)
        client->worked = true;
    else
        take_error(client, failure, client->reply.get(), error);
    return done && copied;
}

} // namespace

bool modify(Client *client, const char *database, Bytes command, Memory memory, Bytes *reply, bool *unconfirmed,
            Error *error) noexcept {
    bson_t view;
    bson_error_t failure{};
    Document options;
    *unconfirmed = false;
    if (!prepare_command(client, command, &view, &options, error))
        return false;
    expect_writes(client);
    bool done = mongoc_client_write_command_with_opts(client->handle.get(), database, &view, options.get(),
                                                      client->reply.reset_for_output(), &failure);
    *unconfirmed = !done && failure.domain == MONGOC_ERROR_WRITE_CONCERN;
    return take_reply(client, done, failure, memory, reply, error);
}

bool read_primary(Client *client, const char *database, Bytes command, Memory memory, Bytes *reply,
                  Error *error) noexcept {
    bson_t view;
    bson_error_t failure{};
    Document options;
    if (!prepare_command(client, command, &view, &options, error))
        return false;
    Handle<mongoc_read_prefs_t> primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
    bool done = mongoc_client_read_command_with_opts(client->handle.get(), database, &view, primary.get(),
                                                     options.get(), client->reply.reset_for_output(), &failure);
    return take_reply(client, done, failure, memory, reply, error);
}

bool connection_is_open(const Client *client) noexcept { return !client->broken && streams_are_open(&client->streams); }

void make_object_id(uint8_t *out) noexcept {
    bson_oid_t id;
    bson_oid_init(&id, nullptr);
    std::memcpy(out, id.bytes, sizeof id.bytes);
}

} // namespace mongo_fdw::mongo
