// Batches of writes. Zone B.
#include "dml/batch.hpp"

#include "connect/write.hpp"
#include "convert/json.hpp"
#include "dml/conflicts.hpp"
#include "dml/lookup.hpp"
#include "exec/collation.hpp"
#include "mql/commands.hpp"
#include "mql/render.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

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
    bool compares;  // a filter asks for more than _id
    UniqueIndexes *unique_indexes;
    int64 written; // of this statement, before
    int64 sent;    // batches and commands
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

constexpr int32_t kPathNotViable = 28;

bool is_duplicate(int32_t code) { return code == 11000 || code == 11001; }

BsonValue id_of_operation(const mongo::WriteOperation &operation) {
    mongo::Bytes holder = operation.kind == mongo::WriteKind::Insert ? operation.document : operation.filter;
    BsonValue id = field_of(holder.data, holder.size, "_id");
    if (id.type == BsonType::Document && operation.kind != mongo::WriteKind::Insert) {
        BsonValue inner = field_of(id, "$eq");
        id = inner.type == BsonType::Missing ? id : inner;
    }
    return id;
}

const char *shown_id(const BsonValue &id) { return id.type == BsonType::Missing ? "(none)" : shown_json(id); }

// What of the statement is in the collection, once a request of so many operations, from one on, has failed.
const char *count_text(const Batch *batch, uint32 first, uint32 count, const mongo::WriteResult &result) {
    if (batch->target->table->transactional)
        return "the transaction on the server is aborted, nothing of it stays";
    int64 written = batch->written + result.written();
    const char *more =
        !result.uncertain ? ""
        : mongo::is_single(batch->operations[first].kind)
            ? psprintf(", and up to " INT64_FORMAT " more may have been", static_cast<int64>(count) - result.written())
            : ", and more may have been";
    return psprintf(INT64_FORMAT " %s of this statement %s written%s", written, written == 1 ? "document" : "documents",
                    written == 1 ? "was" : "were", more);
}

const char *in_server_encoding(const char *utf8) { return pg_any_to_server(utf8, strlen(utf8), PG_UTF8); }

// The first operation that the server refused.
[[noreturn]] void raise_refused(const Batch *batch, uint32 first, const mongo::WriteResult &result,
                                const mongo::Error &error, const char *counted) {
    const TableOptions *table = batch->target->table;
    const mongo::FailedOperation &failed = result.failed[0];
    uint32 row = Min(first + failed.index, batch->count - 1);
    const mongo::WriteOperation &operation = batch->operations[row];
    bool duplicate = is_duplicate(failed.code);
    bool raced = duplicate && batch->looked_up; // somebody else's, or one that could not be looked up
    bool in_the_way = failed.code == kPathNotViable;
    const char *where = mongo::is_single(operation.kind) ? psprintf("row %u of a batch of %u, with _id %s", row + 1,
                                                                    batch->count, shown_id(id_of_operation(operation)))
                                                         : "a command for many documents";
    ereport(ERROR,
            (errcode(raced ? ERRCODE_T_R_SERIALIZATION_FAILURE : sqlstate_of(error)),
             duplicate ? errmsg("duplicate key in \"%s\"", table->name_space)
                       : errmsg("could not %s a document of \"%s\"", verb_of(operation.kind), table->name_space),
             duplicate && failed.key
                 ? errdetail("Key %s exists already; %s. %s.", in_server_encoding(failed.key), where, counted)
                 : errdetail("Code %d: %s; %s. %s.", failed.code, in_server_encoding(error.message), where, counted),
             in_the_way ? errhint("A value that is no document stands on the path of a column. Write the whole "
                                  "document, or the field that holds it.")
             : result.failed_count > 1 ? errhint("%u rows of the batch failed.", result.failed_count)
                                       : 0,
             errcontext("namespace \"%s\" of server \"%s\"", table->name_space, table->server_name)));
    pg_unreachable();
}

// Raises why a request failed: which row, what the server says, what is in the collection now.
[[noreturn]] void raise_failure(const Batch *batch, uint32 first, uint32 count, const mongo::WriteResult &result,
                                const mongo::Error &error) {
    const TableOptions *table = batch->target->table;
    report_driver_log();
    CHECK_FOR_INTERRUPTS();
    const char *counted = count_text(batch, first, count, result);
    if (result.failed_count > 0 && error.kind == mongo::ErrorKind::Server)
        raise_refused(batch, first, result, error, counted);
    if (result.unconfirmed)
        ereport(ERROR, (errcode(ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN),
                        errmsg("a write to \"%s\" was not confirmed as the write concern asks", table->name_space),
                        errdetail("%s; %s.", error.message, counted), errcontext("server \"%s\"", table->server_name)));
    const char *code = error.kind == mongo::ErrorKind::Server ? psprintf("Code %d: ", error.code) : "";
    bool broken = error.kind == mongo::ErrorKind::Lost || error.kind == mongo::ErrorKind::Protocol;
    ereport(ERROR,
            (errcode(sqlstate_of(error)),
             error.kind == mongo::ErrorKind::Connect ? errmsg("could not connect to server \"%s\" to write to \"%s\"",
                                                              table->server_name, table->name_space)
             : broken ? errmsg("lost the connection to server \"%s\" while writing to \"%s\"", table->server_name,
                               table->name_space)
                      : errmsg("could not write to \"%s\" of server \"%s\"", table->name_space, table->server_name),
             errdetail("%s%s; %s.", code, in_server_encoding(error.message), counted)));
    pg_unreachable();
}

// Which documents of updates are there still: the position behind the last that was looked for, and the first that was
// not found, count where all were.
struct Search {
    uint32 end;
    uint32 vanished;
};

Search look_for(const Batch *batch, uint32 first) {
    constexpr uint32 kTogether = 1000;
    Search search{Min(first + kTogether, batch->count), batch->count};
    Lookup lookup;
    begin_lookup(&lookup, batch->target->table);
    write_key(&lookup.writer, BsonType::Document, key_of("_id"));
    int in = begin_document(&lookup.writer);
    write_key(&lookup.writer, BsonType::Array, key_of("$in"));
    int list = begin_document(&lookup.writer);
    for (uint32 i = first; i < search.end; i++)
        write_value(&lookup.writer, IndexKey(i - first).key, id_of_operation(batch->operations[i]));
    end_document(&lookup.writer, list);
    end_document(&lookup.writer, in);
    BsonValue found = run_lookup(&lookup, batch->target->table, batch->user, static_cast<int>(kTogether), true);
    for (uint32 i = first; i < search.end && search.vanished == batch->count; i++) {
        bool there = false;
        BsonReader reader(found.data, found.type == BsonType::Array ? found.size : 0);
        while (!there && reader.next())
            there = same_value(field_of(reader.value(), "_id"), id_of_operation(batch->operations[i]));
        if (!there)
            search.vanished = i;
    }
    return search;
}

// The first document of a batch that is not there any more; Missing where all are, or where they were to be removed.
BsonValue vanished_id(const Batch *batch) {
    uint32 at = 0;
    bool removes = batch->operations[0].kind == mongo::WriteKind::DeleteOne;
    while (!removes && at < batch->count) {
        Search search = look_for(batch, at);
        if (search.vanished < batch->count)
            return id_of_operation(batch->operations[search.vanished]);
        at = search.end;
    }
    return kMissing;
}

// Fewer documents were found than sent: somebody else has changed or removed one since it was read.
[[noreturn]] void raise_not_found(const Batch *batch, int64 found) {
    const TableOptions *table = batch->target->table;
    int64 lost = static_cast<int64>(batch->count) - found;
    BsonValue gone = vanished_id(batch);
    const char *which = gone.type != BsonType::Missing
                            ? psprintf("one has _id %s", shown_id(gone))
                            : psprintf("the batch begins with _id %s", shown_id(id_of_operation(batch->operations[0])));
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    batch->compares
                        ? errmsg("documents of \"%s\" have changed or vanished since the statement read them",
                                 table->name_space)
                        : errmsg("documents of \"%s\" have vanished since the statement read them", table->name_space),
                    errdetail("Of a batch of %u, " INT64_FORMAT " %s not found%s: %s. %s.", batch->count, lost,
                              lost == 1 ? "was" : "were", batch->compares ? " as read" : "", which,
                              count_text(batch, 0, batch->count, {})),
                    errhint("Run the statement again.%s",
                            batch->compares ? "" : " With option batch_size 1 a vanished document counts as no row.")));
    pg_unreachable();
}

// The one document that was sent was not found: raises where it is there, changed since it was read.
void check_unchanged(const Batch *batch) {
    const TableOptions *table = batch->target->table;
    const BsonValue id = id_of_operation(batch->operations[0]);
    if (!batch->compares || stored_document(table, batch->user, id).type == BsonType::Missing)
        return;
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("a document of \"%s\" has changed since the statement read it", table->name_space),
                    errdetail("Its _id is %s. %s.", shown_id(id), count_text(batch, 0, 1, {})),
                    errhint("Run the statement again.")));
}

void prepare(Batch *batch) {
    const TableOptions *table = batch->target->table;
    if (!batch->drained)
        drain_scans(batch->estate, table);
    batch->drained = true;
    batch->sent++;
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
    return batch;
}

BsonWriter *batch_writer(Batch *batch) { return &batch->writer; }

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

void expect_unchanged(Batch *batch) {
    if (batch->compares)
        return;
    batch->compares = true;
    // Another collation would take a text that somebody else has changed for the one that was read.
    batch->simple_collation = source_collation(batch->target->table, batch->user) == Collation::Other;
}

void ask_for_simple_collation(Batch *batch, bool ask) { batch->simple_collation = ask; }

bool is_full(const Batch *batch) { return batch->count >= batch->size || batch->writer.buffer.len >= kMostBytes; }

namespace {

// Sends operations from one on. *understood, where given: false where the server does not understand them; nothing was
// written then, and that is no error.
mongo::WriteResult send(Batch *batch, uint32 first, uint32 count, Duplicates duplicates, bool *failed,
                        bool *understood = nullptr) {
    mongo::WriteResult result{};
    const TableOptions *table = batch->target->table;
    mongo::WriteRequest request{};
    request.database = table->database;
    request.collection = table->collection;
    request.operations = batch->operations + first;
    request.count = count;
    request.ordered = table->ordered && duplicates == Duplicates::Raise;
    request.write_concern = table->write_concern;
    request.simple_collation = batch->simple_collation;
    mongo::Error error{};
    bool done = write_documents(table, batch->user, request, &result, &error);
    bool answered = result.inserted + result.failed_count == static_cast<int64>(count); // all of it
    if (!done && duplicates == Duplicates::Skip && answered && result.failed_count > 0 && !result.unconfirmed) {
        done = true;
        for (uint32 i = 0; i < result.failed_count && done; i++)
            done = is_duplicate(result.failed[i].code);
        for (uint32 i = 0; i < result.failed_count && failed; i++)
            failed[first + result.failed[i].index] = true;
    }
    if (understood)
        *understood = done || table->transactional || result.written() > 0 || !is_not_understood(error);
    if (!done && understood && !*understood)
        return result;
    if (!done)
        raise_failure(batch, first, count, result, error);
    batch->written += result.written();
    return result;
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
    if (!may_repeat(batch->unique_indexes, documents, batch->count) &&
        !any_exists(table, batch->user, batch->unique_indexes, documents, batch->count))
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

void empty(Batch *batch) {
    batch->count = 0;
    batch->writer.buffer.len = 0;
    batch->compares = false;
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
    if (finds && result.found() < static_cast<int64>(batch->count)) {
        if (batch->size > 1)
            raise_not_found(batch, result.found());
        check_unchanged(batch);
    }
    empty(batch);
    return result;
}

bool send_if_understood(Batch *batch, mongo::WriteResult *result) {
    prepare(batch);
    bool understood;
    *result = send(batch, 0, batch->count, Duplicates::Raise, nullptr, &understood);
    empty(batch);
    return understood;
}

BsonValue find_and_modify(Batch *batch, int filter, int update, bool upsert) {
    const TableOptions *table = batch->target->table;
    mongo::WriteKind kind = update < 0 ? mongo::WriteKind::DeleteOne : mongo::WriteKind::UpdateOne;
    add_operation(batch, kind, upsert, filter, update);
    prepare(batch);
    const mongo::WriteOperation &operation = batch->operations[0];
    mongo::Bytes concern = table->transactional ? mongo::Bytes{} : table->write_concern; // a commit's, there
    mql::Document command =
        mql::find_and_modify_command(table->collection, {operation.filter.data, operation.filter.size},
                                     {operation.document.data, operation.document.size},
                                     {upsert, batch->simple_collation}, {concern.data, concern.size}, current_memory());
    mongo::Bytes reply{};
    mongo::Error error{};
    bool unconfirmed;
    bool done = modify_document(table, batch->user, {command.data, command.size}, &reply, &unconfirmed, &error);
    BsonValue value = done || unconfirmed ? field_of(reply.data, reply.size, "value") : BsonValue{};
    if (!done) {
        mongo::FailedOperation failed{0, error.code, error.message, nullptr};
        mongo::WriteResult result{};
        result.failed = &failed;
        result.failed_count = error.kind == mongo::ErrorKind::Server && !unconfirmed;
        result.modified = value.type == BsonType::Document;
        result.unconfirmed = unconfirmed;
        result.uncertain = is_uncertain(error);
        raise_failure(batch, 0, 1, result, error);
    }
    if (value.type != BsonType::Document && !upsert)
        check_unchanged(batch);
    empty(batch);
    batch->written += value.type == BsonType::Document;
    return value.type == BsonType::Document ? value : kMissing;
}

int64 written_by(const Batch *batch) { return batch->written; }

int64 messages_of(const Batch *batch) { return batch->sent; }

} // namespace mongo_fdw
