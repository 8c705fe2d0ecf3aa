// From a batch of documents to rows: one forward pass over the bytes of a document. Zone B.
#pragma once

#include "convert/converter.hpp"
#include "mongo/types.hpp"
#include "options/options.hpp"

namespace mongo_fdw {

struct Decoder;

// Makes a decoder for the needed columns (indexed by attribute number - 1) in the current memory context.
Decoder *make_decoder(const TableOptions *table, const bool *needed);

// Takes the next batch; the values of the last one are freed. The batch must stay valid while it is decoded.
void begin_batch(Decoder *decoder, mongo::Bytes batch);

// Takes a single document in place of a batch.
void begin_document(Decoder *decoder, const BsonValue &document);

// Says that the documents are a caller's and not a server's: malformed ones are 22P03.
void expect_given_documents(Decoder *decoder);

// Decodes the next row into values and nulls, which have an entry for every attribute of the relation. False at the
// end of the batch. Raises for misfits of columns under on_conversion_error 'error', and for malformed BSON.
bool decode_row(Decoder *decoder, Datum *values, bool *nulls);

// What the row last decoded says about the columns that were asked for, fields alone.
enum class FieldState : uint8_t { Missing, Null, Present };
FieldState field_state(const Decoder *decoder, AttrNumber column);

// Calls visit for each value of the row last decoded that did not fit its column, under on_conversion_error 'collect';
// column 0 is the unwound array.
void visit_misfits(const Decoder *decoder, void (*visit)(void *argument, AttrNumber column, BsonType type),
                   void *argument);

// The document of the row last decoded.
BsonValue current_document(const Decoder *decoder);

// Documents read from the current batch so far.
uint32_t documents_in_batch(const Decoder *decoder);

// Paths that a projection must name for the needed columns, dotted, without collisions. count 0 and true: only _id.
// False: whole documents are needed.
bool projected_paths(const TableOptions *table, const bool *needed, const char ***paths, uint32_t *count);

// Makes these paths bring all of a field of which they bring a part.
void project_whole(const char **paths, uint32_t *count, const char *path);

} // namespace mongo_fdw
