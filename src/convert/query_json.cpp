// JSON that users write for MongoDB. Zone B.
#include "convert/query_json.hpp"

#include "convert/from_json.hpp"
#include "pg/memory.hpp"

namespace mongo_fdw {
namespace {

[[noreturn]] void raise_invalid(const char *what, int sqlstate, const char *reason, const char *hint) {
    ereport(ERROR, (errcode(sqlstate), errmsg("%s", what), errdetail("%s", reason), hint ? errhint("%s", hint) : 0));
    pg_unreachable();
}

// The value of a text; null, with the reason, for what is no JSON of the wanted kind.
const JsonValue *parse(const char *json, JsonValue::Kind kind, const char *wanted, const char **reason) {
    *reason = json_fault(json);
    if (*reason)
        return nullptr;
    const JsonValue *value = read_json(CStringGetTextDatum(json));
    *reason = wanted;
    return value->kind == kind ? value : nullptr;
}

BsonValue bson_of(const JsonValue *value, const char *place) {
    BsonWriter writer;
    begin_writer(&writer);
    FieldKey key = key_of("v");
    write_json(&writer, key, value, false, place);
    return written_value(&writer, 0, key);
}

mql::Document document_of(const BsonValue &value) { return {value.data, value.size}; }

} // namespace

mql::Document read_pipeline(const char *json, const char *what, int sqlstate) {
    const char *reason;
    const JsonValue *value = parse(json, JsonValue::Kind::Array, "a pipeline is a JSON array of stages", &reason);
    if (!value)
        raise_invalid(what, sqlstate, reason, nullptr);
    mql::Document pipeline = document_of(bson_of(value, "the pipeline"));
    mql::Refusal refusal;
    if (!mql::may_read_by(pipeline, &refusal))
        raise_invalid(what, sqlstate, refusal.reason, refusal.hint);
    return pipeline;
}

mql::Document read_filter(const char *json, const char *what, int sqlstate) {
    const char *reason;
    const JsonValue *value = parse(json, JsonValue::Kind::Object, "a filter is a JSON object", &reason);
    if (!value)
        raise_invalid(what, sqlstate, reason, nullptr);
    BsonValue filter = bson_of(value, "the filter");
    if (filter.type != BsonType::Document) // {"$oid": ...}
        raise_invalid(what, sqlstate, "it is a value of Extended JSON, no condition", nullptr);
    return document_of(filter);
}

mql::Document read_write_concern(const char *text, mql::Refusal *refusal) {
    const char *start = text + strspn(text, " \t\r\n"), *reason;
    if (*start != '{')
        return mql::write_concern_of_word(pg_server_to_any(start, strlen(start), PG_UTF8), current_memory(), refusal);
    const JsonValue *value = parse(start, JsonValue::Kind::Object, "", &reason);
    if (!value) {
        strlcpy(refusal->reason, reason, sizeof refusal->reason);
        refusal->hint = nullptr;
        return {};
    }
    mql::Document concern = document_of(bson_of(value, "the write concern"));
    return mql::is_write_concern(concern, refusal) ? concern : mql::Document{};
}

} // namespace mongo_fdw
