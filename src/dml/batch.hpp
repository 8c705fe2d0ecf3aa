// Writes that wait for their batch, and what is said when one fails. Zone B.
#pragma once

#include "convert/writer.hpp"
#include "dml/target.hpp"
#include "mongo/write.hpp"
#include "mql/render.hpp"

namespace mongo_fdw {

struct Batch;

// Makes an empty batch in the current memory context. size: operations that are sent together; with 1 an operation that
// finds no document is no error.
Batch *make_batch(const Target *target, EState *estate, Oid user, int size);

// The buffer that the next operation's documents are appended to.
BsonWriter *batch_writer(Batch *batch);

// Adds an operation whose filter (where it has one) and document stand in the buffer behind each other from an offset
// on; document_at is where the second begins.
void add_operation(Batch *batch, mongo::WriteKind kind, bool upsert, int at, int document_at);

// The filter of the operation that is added next finds its document only as it was read: one that is there and not
// found is a serialization failure.
void expect_unchanged(Batch *batch);

// Whether filters ask for the simple collation, because the collection has another one.
void ask_for_simple_collation(Batch *batch, bool ask);

// True where the batch should be sent before more is added.
bool is_full(const Batch *batch);

// How a flush treats documents that exist already.
enum class Duplicates : uint8_t { Raise, Skip };

// Sends what waits. Raises what failed, with what was written before, and 40001 for documents that have changed since
// they were read or, unless each is sent by itself, vanished. The result tells about this flush; failed[i] is
// set for operations that were skipped as duplicates.
mongo::WriteResult flush(Batch *batch, Duplicates duplicates = Duplicates::Raise, bool *failed = nullptr);

// Sends what waits, a command for many documents. False where the server does not understand it and has written
// nothing; in a transaction, which that ends, it raises.
bool send_if_understood(Batch *batch, mongo::WriteResult *result);

// Sends an update (or, where update is negative, a removal) that answers with the document: as it was before it was
// removed, or after it was changed. Both offsets are those of add_operation; nothing may wait in the batch. Missing
// where the document has vanished. In the current memory context.
BsonValue find_and_modify(Batch *batch, int filter, int update, bool upsert);

// Documents that were written through it, and the batches and commands that it took.
int64 written_by(const Batch *batch);
int64 messages_of(const Batch *batch);

} // namespace mongo_fdw
