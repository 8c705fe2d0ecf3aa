// JSON to BSON: plain values, and the types that Extended JSON spells as objects. Zone B.
#pragma once

#include "convert/json.hpp"
#include "convert/writer.hpp"

namespace mongo_fdw {

// A JSON value, in UTF-8.
struct JsonValue {
    enum class Kind : uint8_t { Null, False, True, String, Number, Object, Array } kind;
    uint32_t count;   // Object, Array
    const char *text; // String; Number: ends with a NUL
    uint32_t length;  // String
    FieldKey key;     // of a member
    JsonValue *next;  // the next member
    JsonValue *first; // Object, Array
};

// Reads json (valid, as the type's input has checked) and jsonb. Results live in the current memory context.
const JsonValue *read_json(Datum json);
const JsonValue *read_jsonb(Datum jsonb);

// Appends a field. legacy: the older spellings are read as well. Raises 22P02 for an Extended JSON object of a wrong
// shape, 22003 for a number that no BSON type holds; place is for the message: column "a", the pipeline.
void write_json(BsonWriter *writer, FieldKey key, const JsonValue *value, bool legacy, const char *place);

// Whether an object spells a value of Extended JSON.
bool is_extended(const JsonValue *value, bool legacy);

// Appends a number as BSON of one numeric type where that holds it exactly, a Decimal128 with its digits; false, and
// nothing, where not.
bool write_number_as(BsonWriter *writer, FieldKey key, const char *number, BsonType type);

} // namespace mongo_fdw
