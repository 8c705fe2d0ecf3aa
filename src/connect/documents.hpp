// The documents of a cursor, one after another, for whoever does not need the decoder. Zone B.
#pragma once

#include "connect/connect.hpp"
#include "convert/bson.hpp"
#include "mql/render.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

struct DocumentStream;

// What is read, and the words for messages.
struct DocumentSource {
    Oid server;
    Oid user;
    const char *database;                  // UTF-8
    const char *collection;                // UTF-8; "" for commands of a database
    const char *name_space;                // for messages, server encoding
    const char *pipeline = nullptr;        // for messages, may be null
    const char *read_preference = nullptr; // null: the connection's
    bool in_transaction = false;           // part of the server's transaction, where there is one
};

// The collection of a foreign table.
DocumentSource source_of(const TableOptions *table, Oid user);

// The table's base pipeline as a BSON array; without data where it has none.
mql::Document base_pipeline_of(const TableOptions *table);

// Opens the cursor of a command (aggregate, listCollections, listIndexes: batchSize goes into "cursor"). The stream
// lives in the current memory context and is closed with it. An error raises, or goes to *failure where the caller
// gives one and the result is null.
DocumentStream *open_documents(const DocumentSource &source, mql::Document command, mongo::Error *failure = nullptr);

// The next document, valid until the next call; false at the end. Raises for a cursor that broke and for malformed
// BSON.
bool next_document(DocumentStream *stream, BsonValue *document);

// Adds what the stream has read so far.
void add_stream_counts(DocumentStream *stream, mongo::CursorCounts *counts);

// Closes the stream early or at its end; an open cursor is killed on the server.
void close_documents(DocumentStream *stream);

// Uses the first document of a command before its stream is closed; false where there is none.
template <class Use> bool first_document(const DocumentSource &source, mql::Document command, Use use) {
    DocumentStream *stream = open_documents(source, command);
    BsonValue document;
    bool found = next_document(stream, &document);
    if (found)
        use(document);
    close_documents(stream);
    return found;
}

} // namespace mongo_fdw
