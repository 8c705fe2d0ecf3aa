// Streams of documents. Zone B.
#include "connect/documents.hpp"

#include "pg/error.hpp"

namespace mongo_fdw {

struct DocumentStream {
    DocumentSource source;
    MemoryContext context;
    mongo::Cursor *cursor;
    BsonReader reader; // of the current batch
    uint32_t count;    // documents read from it
    uint64_t read;     // in all
};

namespace {

constexpr uint32 kFetchBytes = 384 * 1024;

void on_context_reset(void *argument) {
    DocumentStream *stream = static_cast<DocumentStream *>(argument);
    mongo::close_cursor(stream->cursor, false);
    stream->cursor = nullptr;
}

void begin_batch(DocumentStream *stream) {
    mongo::Bytes batch = mongo::current_batch(stream->cursor);
    stream->reader = BsonReader(batch.data, batch.size);
    stream->count = 0;
}

} // namespace

DocumentSource source_of(const TableOptions *table, Oid user) {
    return {table->server,         user, table->database, table->collection, table->name_space, table->pipeline,
            table->read_preference};
}

mql::Document base_pipeline_of(const TableOptions *table) {
    return {table->pipeline_stages.data, table->pipeline_stages.size};
}

DocumentStream *open_documents(const DocumentSource &source, mql::Document command, mongo::Error *failure) {
    if (!command.data)
        ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "mongo_fdw_cpp documents", ALLOCSET_SMALL_SIZES);
    DocumentStream *stream = static_cast<DocumentStream *>(MemoryContextAllocZero(context, sizeof(DocumentStream)));
    stream->source = source;
    stream->context = context;
    MemoryContextCallback *callback =
        static_cast<MemoryContextCallback *>(MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    callback->func = on_context_reset;
    callback->arg = stream;
    MemoryContextRegisterResetCallback(context, callback);
    mongo::CursorRequest request{};
    request.database = source.database;
    request.collection = source.collection;
    request.command = {command.data, command.size};
    request.aggregate = true;
    request.read_preference = source.read_preference;
    request.fetch_bytes = kFetchBytes;
    request.in_transaction = source.in_transaction;
    stream->cursor = open_cursor(source.server, source.user, request, source.name_space, source.pipeline, failure);
    if (!stream->cursor) {
        MemoryContextDelete(context);
        return nullptr;
    }
    begin_batch(stream);
    return stream;
}

bool next_document(DocumentStream *stream, BsonValue *document) {
    const DocumentSource &source = stream->source;
    for (;;) {
        bool more = stream->reader.next();
        if (more && stream->reader.value().type == BsonType::Document) {
            *document = stream->reader.value();
            stream->count++;
            stream->read++;
            return true;
        }
        if (more || stream->reader.malformed())
            ereport(ERROR,
                    (errcode(ERRCODE_PROTOCOL_VIOLATION),
                     errmsg("server \"%s\" sent a malformed document", GetForeignServer(source.server)->servername),
                     errcontext("namespace \"%s\"", source.name_space)));
        CHECK_FOR_INTERRUPTS();
        mongo::Error error;
        if (mongo::next_batch(stream->cursor, stream->count, &error)) {
            begin_batch(stream);
            continue;
        }
        if (error.kind != mongo::ErrorKind::None)
            raise_mongo_error(error, GetForeignServer(source.server)->servername, source.name_space, source.pipeline);
        return false;
    }
}

void add_stream_counts(DocumentStream *stream, mongo::CursorCounts *counts) {
    const mongo::CursorCounts *of_cursor = mongo::counts(stream->cursor);
    counts->commands += of_cursor->commands;
    counts->batches += of_cursor->batches;
    counts->documents += stream->read;
    counts->bytes += of_cursor->bytes;
}

void close_documents(DocumentStream *stream) {
    mongo::Cursor *cursor = stream->cursor;
    stream->cursor = nullptr;
    mongo::close_cursor(cursor, true);
    MemoryContextDelete(stream->context);
}

} // namespace mongo_fdw
