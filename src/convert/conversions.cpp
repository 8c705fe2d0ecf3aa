// mongo.to_timestamptz, to_numeric, to_boolean, from_epoch: what values of mixed types mean, NULL for what is not one.
// They depend on no setting, so that the same text means the same in every session. Zone B.
#include "convert/number_text.hpp"
#include "convert/time_text.hpp"

extern "C" {
#include "utils/jsonb.h"
#include "utils/numeric.h"
PG_FUNCTION_INFO_V1(mongo_timestamptz_of_text);
PG_FUNCTION_INFO_V1(mongo_timestamptz_of_jsonb);
PG_FUNCTION_INFO_V1(mongo_numeric_of_text);
PG_FUNCTION_INFO_V1(mongo_numeric_of_jsonb);
PG_FUNCTION_INFO_V1(mongo_boolean_of_text);
PG_FUNCTION_INFO_V1(mongo_boolean_of_jsonb);
PG_FUNCTION_INFO_V1(mongo_timestamptz_of_epoch);
PG_FUNCTION_INFO_V1(mongo_timestamptz_of_epoch_jsonb);
}

namespace mongo_fdw {
namespace {

struct Words {
    const char *data;
    size_t length;
};

Words words_of(const text *value) { return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))}; }

Words words_of(const JsonbValue &value) { return {value.val.string.val, static_cast<size_t>(value.val.string.len)}; }

Words trimmed(Words text) {
    auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (text.length && is_space(text.data[0]))
        text = {text.data + 1, text.length - 1};
    while (text.length && is_space(text.data[text.length - 1]))
        text.length--;
    return text;
}

// The scalar at the root; false for objects and arrays.
bool scalar_of(Jsonb *document, JsonbValue *out) {
    return JB_ROOT_IS_SCALAR(document) && JsonbExtractScalar(&document->root, out);
}

// The value of an object that has one key, `key`.
bool only_member(JsonbContainer *container, const char *key, JsonbValue *out) {
    if (!JsonContainerIsObject(container) || JsonContainerSize(container) != 1)
        return false;
    return getKeyJsonValueFromContainer(container, key, static_cast<int>(strlen(key)), out) != nullptr;
}

char *input_text(Words text) { return pnstrdup(text.data, text.length); }

Datum numeric_of(char *text) {
    return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

bool numeric_of_words(Words text, char decimal_mark, Datum *out) {
    char *plain = plain_number(text.data, text.length, decimal_mark);
    if (plain)
        *out = numeric_of(plain);
    return plain != nullptr;
}

// Extended JSON's numbers. Unlike text that people wrote, these say NaN and Infinity on purpose.
constexpr const char *kNumberKeys[] = {"$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"};
constexpr const char *kSpecialNumbers[] = {"NaN", "Infinity", "-Infinity"};

bool numeric_of_member(const JsonbValue &member, Datum *out) {
    if (member.type != jbvString)
        return false;
    Words text = words_of(member);
    for (const char *special : kSpecialNumbers)
        if (strlen(special) == text.length && memcmp(special, text.data, text.length) == 0) {
            *out = numeric_of(input_text(text));
            return true;
        }
    return numeric_of_words(text, '.', out);
}

bool numeric_of_container(JsonbContainer *container, Datum *out) {
    JsonbValue member;
    for (const char *key : kNumberKeys)
        if (only_member(container, key, &member))
            return numeric_of_member(member, out);
    return false;
}

bool numeric_of_jsonb(Jsonb *document, char decimal_mark, Datum *out) {
    JsonbValue value;
    if (!scalar_of(document, &value))
        return numeric_of_container(&document->root, out);
    if (value.type == jbvNumeric)
        *out = NumericGetDatum(DatumGetNumericCopy(NumericGetDatum(value.val.numeric)));
    return value.type == jbvNumeric ||
           (value.type == jbvString && numeric_of_words(words_of(value), decimal_mark, out));
}

char mark_argument(FunctionCallInfo fcinfo, int index) {
    Words mark = words_of(PG_GETARG_TEXT_PP(index));
    if (mark.length != 1 || (*mark.data != '.' && *mark.data != ','))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("the decimal mark is \".\" or \",\", not \"%s\"", input_text(mark))));
    return *mark.data;
}

struct UnitRow {
    const char *name, *short_name;
    int digits; // digits of a second's fraction
};
constexpr UnitRow kUnits[] = {
    {"seconds", "s", 0}, {"milliseconds", "ms", 3}, {"microseconds", "us", 6}, {"nanoseconds", "ns", 9}};

int unit_argument(FunctionCallInfo fcinfo, int index) {
    char *name = text_to_cstring(PG_GETARG_TEXT_PP(index));
    for (const UnitRow &row : kUnits)
        if (pg_strcasecmp(name, row.name) == 0 || pg_strcasecmp(name, row.short_name) == 0)
            return row.digits;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown unit \"%s\"", name),
                    errhint("Units are seconds, milliseconds, microseconds, nanoseconds.")));
    return 0;
}

Datum power_of_ten(int exponent) { return numeric_of(psprintf("1e%d", exponent)); }

// Microseconds are rounded half away from zero, as timestamptz input does.
bool time_of_epoch(Datum number, int digits, TimestampTz *out) {
    Numeric value = DatumGetNumeric(number);
    if (numeric_is_nan(value) || numeric_is_inf(value))
        return false;
    Datum micros = DirectFunctionCall2(numeric_mul, number, power_of_ten(6 - digits));
    micros = DirectFunctionCall2(numeric_round, micros, Int32GetDatum(0));
    constexpr int64 kEpoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * INT64CONST(86400) * USECS_PER_SEC;
    Datum since = DirectFunctionCall2(numeric_sub, micros, NumericGetDatum(int64_to_numeric(kEpoch)));
    Datum least = NumericGetDatum(int64_to_numeric(MIN_TIMESTAMP));
    Datum end = NumericGetDatum(int64_to_numeric(END_TIMESTAMP));
    if (DatumGetBool(DirectFunctionCall2(numeric_lt, since, least)) ||
        DatumGetBool(DirectFunctionCall2(numeric_ge, since, end)))
        return false;
    *out = DatumGetInt64(DirectFunctionCall1(numeric_int8, since));
    return true;
}

// {"$date": text}, {"$date": milliseconds}, {"$date": {"$numberLong": milliseconds}}
bool time_of_date(const JsonbValue &date, TimestampTz *out) {
    Datum millis;
    if (date.type == jbvString)
        return parse_iso_time(date.val.string.val, date.val.string.len, out);
    if (date.type == jbvNumeric)
        return time_of_epoch(NumericGetDatum(date.val.numeric), 3, out);
    return date.type == jbvBinary && numeric_of_container(date.val.binary.data, &millis) &&
           time_of_epoch(millis, 3, out);
}

bool time_of_jsonb(Jsonb *document, TimestampTz *out) {
    JsonbValue value;
    if (!scalar_of(document, &value))
        return only_member(&document->root, "$date", &value) && time_of_date(value, out);
    if (value.type != jbvString)
        return false;
    Words text = trimmed(words_of(value));
    return parse_iso_time(text.data, text.length, out);
}

struct TruthRow {
    const char *word;
    bool value;
};
constexpr TruthRow kTruths[] = {{"true", true}, {"t", true},  {"yes", true},    {"y", true},
                                {"on", true},   {"1", true},  {"false", false}, {"f", false},
                                {"no", false},  {"n", false}, {"off", false},   {"0", false}};

bool boolean_of_words(Words text, bool *out) {
    text = trimmed(text);
    for (const TruthRow &row : kTruths)
        if (strlen(row.word) == text.length && pg_strncasecmp(row.word, text.data, text.length) == 0) {
            *out = row.value;
            return true;
        }
    return false;
}

bool boolean_of_number(Datum number, bool *out) {
    *out = DatumGetBool(DirectFunctionCall2(numeric_eq, number, NumericGetDatum(int64_to_numeric(1))));
    return *out || DatumGetBool(DirectFunctionCall2(numeric_eq, number, NumericGetDatum(int64_to_numeric(0))));
}

bool boolean_of_jsonb(Jsonb *document, bool *out) {
    JsonbValue value;
    Datum number;
    if (!scalar_of(document, &value))
        return numeric_of_container(&document->root, &number) && boolean_of_number(number, out);
    if (value.type == jbvBool)
        *out = value.val.boolean;
    return value.type == jbvBool ||
           (value.type == jbvNumeric && boolean_of_number(NumericGetDatum(value.val.numeric), out)) ||
           (value.type == jbvString && boolean_of_words(words_of(value), out));
}

} // namespace
} // namespace mongo_fdw

using namespace mongo_fdw;

extern "C" {

Datum mongo_timestamptz_of_text(PG_FUNCTION_ARGS) {
    Words words = trimmed(words_of(PG_GETARG_TEXT_PP(0)));
    TimestampTz time;
    if (!parse_iso_time(words.data, words.length, &time))
        PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(time);
}

Datum mongo_timestamptz_of_jsonb(PG_FUNCTION_ARGS) {
    TimestampTz time;
    if (!time_of_jsonb(PG_GETARG_JSONB_P(0), &time))
        PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(time);
}

Datum mongo_numeric_of_text(PG_FUNCTION_ARGS) {
    Datum number;
    if (!numeric_of_words(words_of(PG_GETARG_TEXT_PP(0)), mark_argument(fcinfo, 1), &number))
        PG_RETURN_NULL();
    PG_RETURN_DATUM(number);
}

Datum mongo_numeric_of_jsonb(PG_FUNCTION_ARGS) {
    Datum number;
    if (!numeric_of_jsonb(PG_GETARG_JSONB_P(0), mark_argument(fcinfo, 1), &number))
        PG_RETURN_NULL();
    PG_RETURN_DATUM(number);
}

Datum mongo_boolean_of_text(PG_FUNCTION_ARGS) {
    bool truth;
    if (!boolean_of_words(words_of(PG_GETARG_TEXT_PP(0)), &truth))
        PG_RETURN_NULL();
    PG_RETURN_BOOL(truth);
}

Datum mongo_boolean_of_jsonb(PG_FUNCTION_ARGS) {
    bool truth;
    if (!boolean_of_jsonb(PG_GETARG_JSONB_P(0), &truth))
        PG_RETURN_NULL();
    PG_RETURN_BOOL(truth);
}

Datum mongo_timestamptz_of_epoch(PG_FUNCTION_ARGS) {
    int digits = unit_argument(fcinfo, 1);
    TimestampTz time;
    if (!time_of_epoch(NumericGetDatum(PG_GETARG_NUMERIC(0)), digits, &time))
        PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(time);
}

Datum mongo_timestamptz_of_epoch_jsonb(PG_FUNCTION_ARGS) {
    int digits = unit_argument(fcinfo, 1);
    Datum number;
    TimestampTz time;
    if (!numeric_of_jsonb(PG_GETARG_JSONB_P(0), '.', &number) || !time_of_epoch(number, digits, &time))
        PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(time);
}
}
