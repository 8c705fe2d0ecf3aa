// mongo.id_key: the key of a document, made of a value of a target's key column; and filters for ranges of keys. Zone
// B.
#include "convert/key_datum.hpp"
#include "convert/key_range.hpp"
#include "convert/objectid.hpp"

extern "C" {
#include "utils/timestamp.h"
#include "utils/uuid.h"
PG_FUNCTION_INFO_V1(mongo_id_key_text);
PG_FUNCTION_INFO_V1(mongo_id_key_objectid);
PG_FUNCTION_INFO_V1(mongo_id_key_uuid);
PG_FUNCTION_INFO_V1(mongo_id_key_bytea);
PG_FUNCTION_INFO_V1(mongo_id_key_int4);
PG_FUNCTION_INFO_V1(mongo_id_key_int8);
PG_FUNCTION_INFO_V1(mongo_id_key_numeric);
PG_FUNCTION_INFO_V1(mongo_id_key_float8);
PG_FUNCTION_INFO_V1(mongo_id_key_bool);
PG_FUNCTION_INFO_V1(mongo_id_key_timestamptz);
PG_FUNCTION_INFO_V1(mongo_key_filter);
}

namespace mongo_fdw {
namespace {

// Exponents of Decimal128 and double: what is beyond is no id.
constexpr int kLeastPoint = -6200, kGreatestPoint = 6200;

Datum key_of_bytes(BsonType type, const void *data, Size size) {
    return key_datum(BsonValue{type, static_cast<const uint8_t *>(data), static_cast<uint32_t>(size)});
}

Datum key_of_binary(uint8_t subtype, const void *data, Size size) {
    uint8_t *value = static_cast<uint8_t *>(palloc(size + 5));
    int32 length = static_cast<int32>(size);
    memcpy(value, &length, sizeof length);
    value[4] = subtype;
    memcpy(value + 5, data, size);
    return key_of_bytes(BsonType::Binary, value, size + 5);
}

Datum key_of_integer(int64 value) { return key_of_bytes(BsonType::Int64, &value, sizeof value); }

// A finite number as numeric_out writes it; false where no id is so great or so small.
bool number_of_text(char *text, KeyNumber *number) {
    bool negative = *text == '-';
    char *digits = text + negative;
    int point = static_cast<int>(strcspn(digits, "."));
    if (digits[point])
        memmove(digits + point, digits + point + 1, strlen(digits + point));
    *number = key_number(negative, digits, static_cast<uint32_t>(strlen(digits)), point);
    return number->exponent >= kLeastPoint && number->exponent <= kGreatestPoint;
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" Datum mongo_id_key_text(PG_FUNCTION_ARGS) {
    text *value = PG_GETARG_TEXT_PP(0);
    char *given = text_to_cstring(value), *utf8 = pg_server_to_any(given, static_cast<int>(strlen(given)), PG_UTF8);
    int32 length = static_cast<int32>(strlen(utf8)) + 1;
    char *bytes = static_cast<char *>(palloc(sizeof length + length));
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, utf8, length);
    PG_RETURN_DATUM(key_of_bytes(BsonType::String, bytes, sizeof length + length));
}

extern "C" Datum mongo_id_key_objectid(PG_FUNCTION_ARGS) {
    PG_RETURN_DATUM(key_of_bytes(BsonType::ObjectId, PG_GETARG_POINTER(0), kObjectIdSize));
}

extern "C" Datum mongo_id_key_uuid(PG_FUNCTION_ARGS) {
    constexpr uint8_t kUuid = 4;
    PG_RETURN_DATUM(key_of_binary(kUuid, PG_GETARG_UUID_P(0)->data, UUID_LEN));
}

extern "C" Datum mongo_id_key_bytea(PG_FUNCTION_ARGS) {
    bytea *value = PG_GETARG_BYTEA_PP(0);
    PG_RETURN_DATUM(key_of_binary(0, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

extern "C" Datum mongo_id_key_int4(PG_FUNCTION_ARGS) { PG_RETURN_DATUM(key_of_integer(PG_GETARG_INT32(0))); }

extern "C" Datum mongo_id_key_int8(PG_FUNCTION_ARGS) { PG_RETURN_DATUM(key_of_integer(PG_GETARG_INT64(0))); }

extern "C" Datum mongo_id_key_float8(PG_FUNCTION_ARGS) {
    float8 value = PG_GETARG_FLOAT8(0);
    PG_RETURN_DATUM(key_of_bytes(BsonType::Double, &value, sizeof value));
}

extern "C" Datum mongo_id_key_numeric(PG_FUNCTION_ARGS) {
    char *text = DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(0)));
    KeyNumber number{KeyNumber::Kind::NaN, 0, nullptr, 0};
    if (strcmp(text, "Infinity") == 0)
        number.kind = KeyNumber::Kind::PositiveInfinity;
    else if (strcmp(text, "-Infinity") == 0)
        number.kind = KeyNumber::Kind::NegativeInfinity;
    else if (strcmp(text, "NaN") != 0 && !number_of_text(text, &number))
        PG_RETURN_NULL();
    PG_RETURN_DATUM(key_datum(number));
}

extern "C" Datum mongo_id_key_bool(PG_FUNCTION_ARGS) {
    uint8_t value = PG_GETARG_BOOL(0);
    PG_RETURN_DATUM(key_of_bytes(BsonType::Bool, &value, sizeof value));
}

extern "C" Datum mongo_id_key_timestamptz(PG_FUNCTION_ARGS) {
    TimestampTz time = PG_GETARG_TIMESTAMPTZ(0);
    constexpr int64 kEpochMs = static_cast<int64>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000;
    if (TIMESTAMP_NOT_FINITE(time) || time % 1000 != 0)
        PG_RETURN_NULL();
    int64 milliseconds = time / 1000 + kEpochMs;
    PG_RETURN_DATUM(key_of_bytes(BsonType::Date, &milliseconds, sizeof milliseconds));
}

// The filter, as BSON, of the documents with keys from the first on and below the second; NULL is open.
extern "C" Datum mongo_key_filter(PG_FUNCTION_ARGS) {
    KeyRange range{};
    if (!PG_ARGISNULL(0)) {
        bytea *lower = PG_GETARG_BYTEA_PP(0);
        range.lower = reinterpret_cast<const uint8_t *>(VARDATA_ANY(lower));
        range.lower_size = VARSIZE_ANY_EXHDR(lower);
    }
    if (!PG_ARGISNULL(1)) {
        bytea *upper = PG_GETARG_BYTEA_PP(1);
        range.upper = reinterpret_cast<const uint8_t *>(VARDATA_ANY(upper));
        range.upper_size = VARSIZE_ANY_EXHDR(upper);
    }
    uint64_t size = range_filter_size(range);
    if (size == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a bound is no key of a document"),
                        errhint("Keys are what mongo.id_key and columns __key give.")));
    bytea *filter = make_bytea(size);
    write_range_filter(range, reinterpret_cast<uint8_t *>(VARDATA(filter)));
    PG_RETURN_BYTEA_P(filter);
}
