// New values of columns, made of the BSON that is stored where they say the same. Zone B.
#pragma once

#include "convert/encode.hpp"

namespace mongo_fdw {

// Whether what is written depends on what is stored: values hold others, of which parts may stay as they are (JSON,
// composites, arrays), or numbers keep the type of the stored one.
bool keeps_stored(const Encoder *encoder);

// Whether they are json or jsonb.
bool is_json_encoder(const Encoder *encoder);

// Whether values of a type hold others.
bool is_type_with_parts(Oid type);

// The same as keeps_stored, before there is an encoder.
bool keeps_stored(Oid type, const WriteRules &rules);

// Appends a field with a new value. Parts of it that equal what the column reads of the stored value keep the stored
// BSON: see merge_json.hpp; elements of arrays; attributes of composites, beside which fields that the type does not
// name stay. The rest is as encode_value writes it, which raises the same.
void merge_value(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, const BsonValue &stored);

// The same for the fields of a whole document given as json or jsonb, without its frame; *has_id as encode_document.
// Other types are written as they are.
void merge_document(const Encoder *encoder, BsonWriter *writer, Datum value, const BsonValue &stored, bool *has_id);

} // namespace mongo_fdw
