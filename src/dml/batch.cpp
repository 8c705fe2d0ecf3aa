// Batches of writes. Zone B.
#include "dml/batch.hpp"

#include "connect/write.hpp"
#include "convert/json.hpp"
#include "dml/conflicts.hpp"
#include "mql/render.hpp"
#include "pg/error.hpp"

namespace mongo_fdw {

struct Batch {
    const Target *target;
    EState *estate;
    Oid user;
    uint32 size;
    BsonWriter writer;
    mongo::WriteOperation *operations; // offsets into the buffer stand for addresses until it is sent
    int *starts;                       // filter or document
    int *documents;
    uint32 count;
    uint32 capacity;
    bool drained;
    bool simple_collation;
    bool looked_up; // what may conflict, before it was inserted
    UniqueIndexes *unique_indexes;
    mql::Document write_concern;
    int64 written; // of this statement, before
};

namespace {

constexpr int kMostBytes = 16 * 1024 * 1024; // waiting; the driver splits by the server's own limit

const char *verb_of(mongo::WriteKind kind) {
    switch (kind) {
    case mongo::WriteKind::Insert:
        return "insert";
    case mongo::WriteKind::DeleteOne:
    case mongo::WriteKind::DeleteMany:
        return "delete";
    case mongo::WriteKind::ReplaceOne:
        return "replace";
    default:
        return "update";
    }
}

bool is_duplicate(int32_t code) { return code == 11000 || code == 11001; }

bool is_single(mongo::WriteKind kind) {
    return kind != mongo::WriteKind::UpdateMany && kind != mongo::WriteKind::DeleteMany;
}

const char *id_of_operation(const mongo::WriteOperation &operation) {
    mongo::Bytes holder = operation.kind == mongo::WriteKind::Insert ? operation.document : operation.filter;
    BsonValue id = field_of(holder.data, holder.size, "_id");
    if (id.type == BsonType::Document && operation.kind != mongo::WriteKind::Insert) {
        BsonValue inner = field_of(id, "$eq");
        id = inner.type == BsonType::Missing ? id : inner;
    }
    return id.type == BsonType::Missing ? "(none)" : shown_json(id);
}

int64 documents_of(const mongo::WriteResult &result) {
    return result.inserted + result.upserted + result.matched + result.removed;
}

// Raises the first failure of a batch: which row, what the server says, what is in the collection now.
[[noreturn]] void raise_failure(const Batch *batch, const mongo::WriteResult &result, const mongo::Error &error) {
    const TableOptions *table = batch->target->table;
    report_driver_log();
    int64 before = batch->written + documents_of(result);
    const char *counted = psprintf(INT64_FORMAT " %s of this statement %s written", before,
                                   before == 1 ? "document" : "documents", before == 1 ? "was" : "were");
    if (result.failed_count > 0 && !is_single(batch->operations[0].kind))
        ereport(ERROR,
                (errcode(sqlstate_of(error)),
                 errmsg("could not %s documents of \"%s\"", verb_of(batch->operations[0].kind), table->name_space),
                 errdetail("Code %d: %s; %s.", error.code,
                           pg_any_to_server(error.message, strlen(error.message), PG_UTF8), counted),
                 errcontext("server \"%s\"", table->server_name)));
    if (result.failed_count > 0) {
        const mongo::FailedOperation &failed = result.failed[0];
        const mongo::WriteOperation &operation = batch->operations[Min(failed.index, batch->count - 1)];
        bool duplicate = is_duplicate(failed.code);
        bool raced = duplicate && batch->looked_up; // somebody else's, or one that could not be looked up
        const char *id = id_of_operation(operation);
        const char *server = pg_any_to_server(error.message, strlen(error.message), PG_UTF8);
        ereport(ERROR,
                (errcode(raced ? ERRCODE_T_R_SERIALIZATION_FAILURE : sqlstate_of(error)),
                 duplicate ? errmsg("duplicate key in \"%s\"", table->name_space)
                           : errmsg("could not %s a document of \"%s\"", verb_of(operation.kind), table->name_space),
                 duplicate && failed.key ? errdetail("Key %s exists already; row %u of a batch of %u, with _id %s. %s.",
                                                     pg_any_to_server(failed.key, strlen(failed.key), PG_UTF8),
                                                     failed.index + 1, batch->count, id, counted)
                                         : errdetail("Code %d: %s; row %u of a batch of %u, with _id %s. %s.",
                                                     failed.code, server, failed.index + 1, batch->count, id, counted),
                 result.failed_count > 1 ? errhint("%u rows of the batch failed.", result.failed_count) : 0,
                 errcontext("namespace \"%s\" of server \"%s\"", table->name_space, table->server_name)));
    }
    if (result.unconfirmed)
        ereport(ERROR, (errcode(ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN),
                        errmsg("a write to \"%s\" was not confirmed as the write concern asks", table->name_space),
                        errdetail("%s; %s.", error.message, counted), errcontext("server \"%s\"", table->server_name)));
    if (error.kind == mongo::ErrorKind::Connect)
        ereport(ERROR,
                (errcode(sqlstate_of(error)),
                 errmsg("could not connect to server \"%s\" to write to \"%s\"", table->server_name, table->name_space),
                 errdetail("%s; %s.", error.message, counted)));
    bool broken = error.kind == mongo::ErrorKind::Lost || error.kind == mongo::ErrorKind::Protocol;
    if (!broken)
        raise_mongo_error(error, table->server_name, table->name_space, nullptr);
    ereport(ERROR, (errcode(sqlstate_of(error)),
                    errmsg("lost the connection to server \"%s\" while writing to \"%s\"", table->server_name,
                           table->name_space),
                    errdetail("%s; %s, and up to " INT64_FORMAT " more may have been.", error.message, counted,
                              static_cast<int64>(batch->count) - documents_of(result))));
    pg_unreachable();
}

// Fewer documents were found than sent: somebody else has removed one since it was read.
[[noreturn]] void raise_vanished(const Batch *batch, int64 found) {
    const TableOptions *table = batch->target->table;
    ereport(ERROR,
            (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
             errmsg("documents of \"%s\" have vanished since the statement read them", table->name_space),
             errdetail("Of a batch of %u, " INT64_FORMAT " were found; the first has _id %s.", batch->count, found,
                       id_of_operation(batch->operations[0])),
             errhint("Run the statement again. With option batch_size 1 a vanished document counts as no row.")));
    pg_unreachable();
}

void prepare(Batch *batch) {
    const TableOptions *table = batch->target->table;
    if (!batch->drained)
        drain_scans(batch->estate, table->server, table->database, table->collection);
    batch->drained = true;
    for (uint32 i = 0; i < batch->count; i++) {
        mongo::WriteOperation &operation = batch->operations[i];
        if (operation.kind == mongo::WriteKind::Insert) {
            operation.document = document_at(&batch->writer, batch->starts[i]);
            continue;
        }
        operation.filter = document_at(&batch->writer, batch->starts[i]);
        if (batch->documents[i] >= 0)
            operation.document = document_at(&batch->writer, batch->documents[i]);
    }
}

} // namespace

Batch *make_batch(const Target *target, EState *estate, Oid user, int size) {
    Batch *batch = static_cast<Batch *>(palloc0(sizeof(Batch)));
    batch->target = target;
    batch->estate = estate;
    batch->user = user;
    batch->size = static_cast<uint32>(size);
    begin_writer(&batch->writer);
    batch->capacity = 16;
    batch->operations = static_cast<mongo::WriteOperation *>(palloc(sizeof(mongo::WriteOperation) * batch->capacity));
    batch->starts = static_cast<int *>(palloc(sizeof(int) * batch->capacity));
    batch->documents = static_cast<int *>(palloc(sizeof(int) * batch->capacity));
    if (target->table->write_concern) {
        char message[256];
        mql::Document concern = mql::write_concern(target->table->write_concern, message, sizeof message);
        uint8_t *copy = static_cast<uint8_t *>(palloc(concern.size));
        memcpy(copy, concern.data, concern.size);
        batch->write_concern = {copy, concern.size};
    }
    return batch;
}

BsonWriter *batch_writer(Batch *batch) { return &batch->writer; }

mql::Document concern_of(const Batch *batch) { return batch->write_concern; }

void add_operation(Batch *batch, mongo::WriteKind kind, bool upsert, int at, int document_at) {
    if (batch->count == batch->capacity) {
        batch->capacity *= 2;
        batch->operations = static_cast<mongo::WriteOperation *>(
            repalloc(batch->operations, sizeof(mongo::WriteOperation) * batch->capacity));
        batch->starts = static_cast<int *>(repalloc(batch->starts, sizeof(int) * batch->capacity));
        batch->documents = static_cast<int *>(repalloc(batch->documents, sizeof(int) * batch->capacity));
    }
    batch->operations[batch->count] = {kind, upsert, {nullptr, 0}, {nullptr, 0}};
    batch->starts[batch->count] = at;
    batch->documents[batch->count] = document_at;
    batch->count++;
}

void ask_for_simple_collation(Batch *batch, bool ask) { batch->simple_collation = ask; }

bool is_full(const Batch *batch) { return batch->count >= batch->size || batch->writer.buffer.len >= kMostBytes; }

namespace {

// Sends operations from one on.
mongo::WriteResult send(Batch *batch, uint32 first, uint32 count, Duplicates duplicates, bool *failed) {
    mongo::WriteResult result{};
    const TableOptions *table = batch->target->table;
    mongo::WriteRequest request{};
    request.database = table->database;
    request.collection = table->collection;
    request.operations = batch->operations + first;
    request.count = count;
    request.ordered = table->ordered && duplicates == Duplicates::Raise;
    request.write_concern = {batch->write_concern.data, batch->write_concern.size};
    request.simple_collation = batch->simple_collation;
    mongo::Error error{};
    bool done = write_documents(table, batch->user, request, &result, &error);
    if (!done && duplicates == Duplicates::Skip && result.failed_count > 0 && !result.unconfirmed) {
        done = true;
        for (uint32 i = 0; i < result.failed_count && done; i++)
            done = is_duplicate(result.failed[i].code);
        for (uint32 i = 0; i < result.failed_count && failed; i++)
            failed[first + result.failed[i].index] = true;
    }
    if (!done)
        raise_failure(batch, result, error);
    batch->written += documents_of(result);
    return result;
}

// Two documents of a batch with the same _id, to the byte.
bool repeats(const Batch *batch) {
    for (uint32 i = 0; i < batch->count; i++)
        for (uint32 j = 0; j < i; j++) {
            BsonValue a = field_of(batch->operations[i].document.data, batch->operations[i].document.size, "_id");
            BsonValue b = field_of(batch->operations[j].document.data, batch->operations[j].document.size, "_id");
            if (same_value(a, b))
                return true;
        }
    return false;
}

// Inserts what is not there yet, without an error on the way: it would end the server's transaction.
mongo::WriteResult insert_new(Batch *batch, bool *failed) {
    const TableOptions *table = batch->target->table;
    if (!batch->unique_indexes) {
        MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(batch));
        batch->unique_indexes = read_unique_indexes(table, batch->user);
        MemoryContextSwitchTo(old);
    }
    mongo::Bytes *documents = static_cast<mongo::Bytes *>(palloc(sizeof(mongo::Bytes) * batch->count));
    for (uint32 i = 0; i < batch->count; i++)
        documents[i] = batch->operations[i].document;
    batch->looked_up = true;
    if (!repeats(batch) && !any_exists(table, batch->user, batch->unique_indexes, documents, batch->count))
        return send(batch, 0, batch->count, Duplicates::Raise, nullptr);
    mongo::WriteResult all{};
    for (uint32 i = 0; i < batch->count; i++) {
        bool exists = any_exists(table, batch->user, batch->unique_indexes, &documents[i], 1);
        if (failed)
            failed[i] = exists;
        if (!exists)
            all.inserted += send(batch, i, 1, Duplicates::Raise, nullptr).inserted;
    }
    return all;
}

} // namespace

mongo::WriteResult flush(Batch *batch, Duplicates duplicates, bool *failed) {
    if (batch->count == 0)
        return {};
    prepare(batch);
    const mongo::WriteOperation &first = batch->operations[0];
    mongo::WriteResult result;
    if (duplicates == Duplicates::Skip && batch->target->table->transactional)
        result = insert_new(batch, failed);
    else
        result = send(batch, 0, batch->count, duplicates, failed);
    bool finds = first.kind != mongo::WriteKind::Insert && !first.upsert;
    int64 found = result.matched + result.removed;
    if (finds && batch->size > 1 && found < static_cast<int64>(batch->count))
        raise_vanished(batch, found);
    batch->count = 0;
    batch->writer.buffer.len = 0;
    return result;
}

} // namespace mongo_fdw
