// JSON of BSON values in the four forms of json_format, as text or as jsonb. Zone B.
#pragma once

#include "convert/arena.hpp"
#include "convert/bson.hpp"
#include "convert/number.hpp"

namespace mongo_fdw {

enum class JsonForm : uint8_t { Simple, Relaxed, Canonical, Legacy };

// The form of a name of option json_format, in any case; false for an unknown one.
bool json_form_of_name(const char *name, JsonForm *form);

struct JsonMember;

// A BSON value seen as JSON. Documents and arrays stay where they are; Extended JSON objects are made.
struct JsonNode {
    enum class Kind : uint8_t { Null, False, True, String, Number, Document, Array, List, Items, Object } kind;
    bool checked;              // String: known to be clean ASCII
    uint32_t length;           // String; Document, Array: bytes; List, Items, Object: members
    const char *text;          // String, UTF-8
    const uint8_t *data;       // Document, Array
    const BsonValue *values;   // List
    const JsonMember *members; // Object, and Items: an array of nodes, without keys
    Decimal number;
};

struct JsonMember {
    const char *key;
    JsonNode node;
};

// How a value is written in a form. Made objects live in the arena.
void json_node_of(const BsonValue &value, JsonForm form, Arena *arena, JsonNode *node);

enum class JsonFault : uint8_t { None, Nul, Encoding, Malformed, TooDeep };

// Appends JSON text in the server encoding.
JsonFault append_json(StringInfo out, const JsonNode &node, JsonForm form, Arena *arena);

// Relaxed Extended JSON of a value for messages, in the current memory context; "(unreadable)" for what has none.
char *shown_json(const BsonValue &value);

// Makes a jsonb in the arena.
JsonFault make_jsonb(const JsonNode &node, JsonForm form, Arena *arena, Datum *out);

// ISO-8601 in UTC with milliseconds; years outside 0000 to 9999 are signed and have six digits or more.
void append_iso_date(StringInfo out, int64_t ms);

} // namespace mongo_fdw
