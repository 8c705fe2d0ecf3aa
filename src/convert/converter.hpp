// The type matrix: which BSON values a PostgreSQL type takes, and how. Zone B.
#pragma once

#include "convert/arena.hpp"
#include "convert/bson.hpp"
#include "convert/json.hpp"

namespace mongo_fdw {

enum class UuidLegacy : uint8_t { Off, Python, Java, CSharp };

// What a column of text makes of NUL characters, which PostgreSQL's text holds not: leaves them out, or writes them and
// backslashes as \u0000 and \\.
enum class NulRule : uint8_t { Misfit, Strip, Escape };

// What the options of a column say about reading it.
struct ReadRules {
    JsonForm json_form;
    UuidLegacy uuid_legacy;
    bool array_from_scalar;
    bool edb;           // EnterpriseDB's reading: bool and numbers for each other, numbers cut or rounded
    int binary_subtype; // -1: any
    NulRule nul = NulRule::Misfit;
};

enum class Kind : uint8_t {
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Bool,
    Text,
    Bpchar,
    Name,
    ObjectId,
    Timestamptz,
    Timestamp,
    Date,
    Uuid,
    Bytea,
    Json,
    Jsonb,
    Array,
    Composite,
    Enum,
    Domain,
    None, // no BSON value fits: time, interval, ...
};

struct Converter {
    Kind kind;
    Oid type;
    int32 typmod;
    int32 max_length; // characters, 0: any
    int32 precision;  // of numeric(p,s), 0: any
    int32 scale;
    ReadRules rules;
    Converter *element; // Array: of the elements; Domain: of the base type
    int16 element_length;
    bool element_by_value;
    char element_align;
    uint32_t field_count;     // Composite
    Converter **fields;       //
    const char **field_names; // UTF-8; null: dropped
    TupleDesc descriptor;
    void *domain_cache;
    MemoryContext context; // for caches
};

enum class Fit : uint8_t { Value, Null, Misfit };

// Why a value does not fit.
struct Misfit {
    int sqlstate;
    const char *reason; // null: the types do not meet
    BsonValue value;    // the value itself, or the element or field of it
    char position[64];  // path from the column's value to it: ".1", ".b.0"
};

// The scale of numeric(p,s), which may be negative, from its type modifier.
inline int numeric_scale(int32 typmod) { return (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024; }

// Makes the converter of a type in the current memory context.
Converter *make_converter(Oid type, int32 typmod, const ReadRules &rules);

// The 16 bytes of a UUID from or to a driver's old form (binary subtype 3); each order undoes itself.
void swap_legacy_uuid(const unsigned char *from, UuidLegacy form, unsigned char *to);

// Converts a value; a null, missing or undefined value is Fit::Null. Results live in the arena.
Fit convert_value(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *misfit);

// Converts a list of values found along a path that goes through arrays. Arrays and JSON take it, nothing else.
Fit convert_list(const Converter *converter, const BsonValue *values, uint32_t count, Arena *arena, Datum *out,
                 Misfit *misfit);

// True where a value found through an array can be read: T[], json, jsonb, and domains over them.
bool takes_list(const Converter *converter);

// A whole document, or what is left of one, in json, jsonb, text or bytea. null is a value here.
Fit convert_whole(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *misfit);

} // namespace mongo_fdw
