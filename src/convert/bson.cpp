// Names and order of BSON types. Zone B, free of PostgreSQL.
#include "convert/bson.hpp"

namespace mongo_fdw {
namespace {

struct BracketRow {
    const char *name; // of $type
    BsonType types[4];
};

// MongoDB's comparison order. Keys of documents begin with a number of this list and are kept in tables: new rows may
// not move the others.
constexpr BracketRow kBracketRows[kBrackets] = {
    {"minKey", {BsonType::MinKey}},
    {"undefined", {BsonType::Undefined}},
    {"null", {BsonType::Null}},
    {"number", {BsonType::Int32, BsonType::Int64, BsonType::Double, BsonType::Decimal128}},
    {"string", {BsonType::String, BsonType::Symbol}},
    {"object", {BsonType::Document}},
    {"array", {BsonType::Array}},
    {"binData", {BsonType::Binary}},
    {"objectId", {BsonType::ObjectId}},
    {"bool", {BsonType::Bool}},
    {"date", {BsonType::Date}},
    {"timestamp", {BsonType::Timestamp}},
    {"regex", {BsonType::Regex}},
    {"dbPointer", {BsonType::DbPointer}},
    {"javascript", {BsonType::Code}},
    {"javascriptWithScope", {BsonType::CodeWithScope}},
    {"maxKey", {BsonType::MaxKey}},
};

} // namespace

int type_bracket(BsonType type) {
    for (int i = 0; i < kBrackets; i++)
        for (BsonType member : kBracketRows[i].types)
            if (member == type && type != BsonType::Missing)
                return i;
    return -1;
}

const char *bracket_name(int bracket) { return kBracketRows[bracket].name; }

const char *type_name(BsonType type) {
    switch (type) {
    case BsonType::Double:
        return "double";
    case BsonType::String:
        return "string";
    case BsonType::Document:
        return "object";
    case BsonType::Array:
        return "array";
    case BsonType::Binary:
        return "binData";
    case BsonType::Undefined:
        return "undefined";
    case BsonType::ObjectId:
        return "objectId";
    case BsonType::Bool:
        return "bool";
    case BsonType::Date:
        return "date";
    case BsonType::Null:
        return "null";
    case BsonType::Regex:
        return "regex";
    case BsonType::DbPointer:
        return "dbPointer";
    case BsonType::Code:
        return "javascript";
    case BsonType::Symbol:
        return "symbol";
    case BsonType::CodeWithScope:
        return "javascriptWithScope";
    case BsonType::Int32:
        return "int";
    case BsonType::Timestamp:
        return "timestamp";
    case BsonType::Int64:
        return "long";
    case BsonType::Decimal128:
        return "decimal";
    case BsonType::MinKey:
        return "minKey";
    case BsonType::MaxKey:
        return "maxKey";
    case BsonType::Missing:
        return "missing";
    }
    return "unknown";
}

BsonType type_of_name(const BsonValue &name) {
    for (int type = 0x01; type <= 0xff; type++)
        if (is_text(name, type_name(static_cast<BsonType>(type))))
            return static_cast<BsonType>(type);
    return BsonType::Missing;
}

BsonValue field_of(const BsonValue &document, const char *key) {
    if (document.type == BsonType::Document || document.type == BsonType::Array) {
        BsonReader reader(document.data, document.size);
        while (reader.next())
            if (std::strcmp(reader.key(), key) == 0)
                return reader.value();
    }
    return {BsonType::Missing, nullptr, 0};
}

BsonValue first_of_reply(const uint8_t *data, uint32_t size) {
    return field_of(field_of(field_of(data, size, "cursor"), "firstBatch"), "0");
}

bool is_text(const BsonValue &value, const char *text) {
    uint32_t length;
    if (value.type != BsonType::String)
        return false;
    const char *found = text_of(value, &length); // its final NUL is the server's promise
    return length == std::strlen(text) && std::memcmp(found, text, length) == 0;
}

bool is_true(const BsonValue &value) {
    return value.type == BsonType::Bool ? value.data[0] != 0 : number_of(value, 0) != 0;
}

double number_of(const BsonValue &value, double otherwise) {
    switch (value.type) {
    case BsonType::Double:
        return read_le<double>(value.data);
    case BsonType::Int32:
        return read_le<int32_t>(value.data);
    case BsonType::Int64:
        return static_cast<double>(read_le<int64_t>(value.data));
    default:
        return otherwise;
    }
}

int64_t count_of(const BsonValue &value, int64_t otherwise) {
    if (value.type == BsonType::Int64)
        return read_le<int64_t>(value.data);
    double number = number_of(value, static_cast<double>(otherwise));
    if (number != number)
        return 0;
    return number >= 9.2e18 ? INT64_MAX : number <= -9.2e18 ? INT64_MIN : static_cast<int64_t>(number);
}

} // namespace mongo_fdw
