// JSON to BSON where there is a stored value that the JSON was made of. Zone B.
#pragma once

#include "convert/from_json.hpp"

namespace mongo_fdw {

struct JsonMerge {
    BsonWriter *writer;
    bool ordered; // of the type json: the order of keys is part of a value
    bool legacy;
    const char *place; // for messages, see write_json
};

// Appends a field. image: the stored value as the column reads it, null where it does not. What the new value and the
// image have in common keeps its BSON, byte for byte, at every depth; a number that differs keeps the stored number's
// type where that holds it exactly; the rest is what write_json makes of it.
void merge_json(const JsonMerge &merge, FieldKey key, const JsonValue *value, const JsonValue *image,
                const BsonValue &stored);

// The same for the fields of a whole document, without its frame. A stored _id stays where the new document has none.
void merge_json_document(const JsonMerge &merge, const JsonValue *value, const JsonValue *image,
                         const BsonValue &stored);

} // namespace mongo_fdw
