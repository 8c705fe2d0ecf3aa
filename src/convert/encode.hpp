// From Datums to BSON: which BSON type a column is written as, and how. Zone B.
#pragma once

#include "convert/converter.hpp"
#include "convert/writer.hpp"

namespace mongo_fdw {

// What the options of a column say about writing it.
struct WriteRules {
    const char *bson_type; // as given; null: the one that belongs to the PostgreSQL type
    bool null_is_value;    // SQL NULL is written as null; else the field is left out
    bool round_time;       // times between two milliseconds are rounded, not refused
    bool name_is_objectid; // EDB's reading of type name
    bool keep_double;      // a numeric stays a double where the stored field is one
};

struct Encoder;

// Makes the encoder of a column in the current memory context. A type pair that cannot be written raises HV004 when
// a value is written, so that a table with such a column can be written as long as it stays NULL.
Encoder *make_encoder(const char *column, Oid type, int32 typmod, const ReadRules &read, const WriteRules &write);

// Whether a column of type name takes ObjectIds alone, as EnterpriseDB's wrapper does; and whether a text is one.
bool only_takes_object_ids(const Encoder *encoder);
bool is_object_id_text(const char *text);

// What stands before the value of a field whose name never changes: type, name, NUL.
struct FieldHeader {
    const char *bytes;
    uint32_t length;
};

// The header of a column's field, in the current memory context.
FieldHeader make_header(const Encoder *encoder, FieldKey key);

// The same as encode_value with the key that the header was made of, quicker for the commonest types.
void encode_field(const Encoder *encoder, BsonWriter *writer, const FieldHeader &header, FieldKey key, Datum value);

// Whether there are values of the column's type that encode_value refuses.
bool may_refuse(const Encoder *encoder);

// Appends a field with a value that is not NULL. Raises where the value has no BSON form: 22003, 22008, 22018, 22023.
void encode_value(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value);

// Appends the fields of a whole document, without its frame: json, jsonb, text or bytea. Raises where it is none.
// *has_id tells whether it has a field _id.
void encode_document(const Encoder *encoder, BsonWriter *writer, Datum value, bool *has_id);

} // namespace mongo_fdw
