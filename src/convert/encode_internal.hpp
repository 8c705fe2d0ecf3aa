// What the files that write Datums as BSON share. Zone B.
#pragma once

#include "convert/encode.hpp"

namespace mongo_fdw {

using WriteFunction = void (*)(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value);

// Pairs of types whose value is written in one step behind a prepared header.
enum class Shortcut : uint8_t { None, Int32, Int64, Double, Bool, Text, Date };

struct Encoder {
    const char *column;
    const char *place;          // for messages: column "a"
    const Converter *converter; // what is known of the PostgreSQL type
    WriteRules rules;
    const char *type_name; // of BSON, for messages
    uint8_t subtype;       // of binary
    WriteFunction write;   // null: the pair cannot be written
    bool takes_all;
    Shortcut shortcut;
    FmgrInfo output;  // of an enum
    Encoder *element; // Array: of the elements; Domain: of the base type
    Encoder **fields; // Composite
};

// Appends a number as a type of BSON; false where its column's type is no number, or the type does not say the same
// one.
bool put_number_as(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, BsonType type);

// The attributes of a composite.
struct Attributes {
    Datum *values;
    bool *nulls;
};
Attributes attributes_of(const Converter *converter, Datum value);

// Raises where the lower bounds of an array are no BSON array's.
void check_bounds(const Encoder *encoder, Datum value, const ArrayType *array);

// Raises where the JSON that was written from an offset on is of another type than the option bson_type says.
void check_json_type(const Encoder *encoder, const BsonWriter *writer, int at);

// The JSON object of a whole document given as json, jsonb or text. Raises where it is none.
const struct JsonValue *json_of_document(const Encoder *encoder, Datum value);

} // namespace mongo_fdw
