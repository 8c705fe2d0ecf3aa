// Names of BSON types. Zone B, free of PostgreSQL.
#include "convert/bson.hpp"

namespace mongo_fdw {

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

} // namespace mongo_fdw
