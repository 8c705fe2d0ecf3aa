// BSON values to Datums. Zone B.
// Nothing here raises for a value that does not fit: it says so, and the column's policy decides.
#include "convert/converter.hpp"
#include "convert/text.hpp"

#include "pg/guard.hpp"

#include <cmath>

namespace mongo_fdw {
namespace {

constexpr int64_t kEpochShiftMs = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * INT64CONST(86400000);

Fit misfit(Misfit *out, const BsonValue &value, int sqlstate = ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST,
           const char *reason = nullptr) {
    out->sqlstate = sqlstate;
    out->reason = reason;
    out->value = value;
    return Fit::Misfit;
}

Fit out_of_range(Misfit *out, const BsonValue &value, const char *reason) {
    return misfit(out, value, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, reason);
}

Fit convert_int(const Converter *converter, const BsonValue &value, Datum *out, Misfit *why) {
    int64_t number;
    bool in_range = true;
    Decimal decimal;
    switch (value.type) {
    case BsonType::Int32:
        number = read_le<int32_t>(value.data);
        break;
    case BsonType::Int64:
        number = read_le<int64_t>(value.data);
        break;
    case BsonType::Double: {
        double from = read_le<double>(value.data);
        if (converter->rules.edb && std::isnan(from))
            return out_of_range(why, value, "it is out of range");
        if (converter->rules.edb)
            from = std::trunc(from);
        if (std::isnan(from) || (!std::isinf(from) && std::nearbyint(from) != from))
            return misfit(why, value, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, "it is not an integer");
        if (!FLOAT8_FITS_IN_INT64(from))
            return out_of_range(why, value, "it is out of range");
        number = static_cast<int64_t>(from);
        break;
    }
    case BsonType::Decimal128:
        decimal_of_decimal128(value.data, &decimal);
        if (converter->rules.edb)
            cut_fraction(&decimal);
        if (!int64_of_decimal(decimal, &number, &in_range))
            return in_range ? misfit(why, value, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, "it is not an integer")
                            : out_of_range(why, value, "it is out of range");
        break;
    case BsonType::Bool:
        if (!converter->rules.edb)
            return misfit(why, value);
        number = value.data[0] ? 1 : 0;
        break;
    default:
        return misfit(why, value);
    }
    if (converter->kind == Kind::Int8) {
        *out = Int64GetDatum(number);
        return Fit::Value;
    }
    if (converter->kind == Kind::Int4 ? number < PG_INT32_MIN || number > PG_INT32_MAX
                                      : number < PG_INT16_MIN || number > PG_INT16_MAX)
        return out_of_range(why, value, "it is out of range");
    *out = converter->kind == Kind::Int4 ? Int32GetDatum(static_cast<int32>(number))
                                         : Int16GetDatum(static_cast<int16>(number));
    return Fit::Value;
}

// Nearest double of a Decimal128, as numeric's cast makes it.
bool double_of_decimal(const Decimal &decimal, double *out) {
    char text[64];
    snprintf(text, sizeof text, "%s%.*se%d", decimal.negative ? "-" : "", decimal.digit_count, decimal.digits,
             decimal.exponent);
    *out = strtod(text, nullptr);
    return !std::isinf(*out) && (*out != 0 || (decimal.digit_count == 1 && decimal.digits[0] == '0'));
}

Fit convert_float(const Converter *converter, const BsonValue &value, Datum *out, Misfit *why) {
    double number;
    Decimal decimal;
    switch (value.type) {
    case BsonType::Double:
        number = read_le<double>(value.data);
        break;
    case BsonType::Int32:
        number = read_le<int32_t>(value.data);
        break;
    case BsonType::Int64:
        number = static_cast<double>(read_le<int64_t>(value.data));
        break;
    case BsonType::Decimal128:
        decimal_of_decimal128(value.data, &decimal);
        if (decimal.special == Special::NaN)
            number = get_float8_nan();
        else if (decimal.special != Special::Finite)
            number = decimal.special == Special::PositiveInfinity ? get_float8_infinity() : -get_float8_infinity();
        else if (!double_of_decimal(decimal, &number))
            return out_of_range(why, value, "it is out of range");
        break;
    case BsonType::Bool:
        if (!converter->rules.edb)
            return misfit(why, value);
        number = value.data[0] ? 1 : 0;
        break;
    default:
        return misfit(why, value);
    }
    if (converter->kind == Kind::Float8) {
        *out = Float8GetDatum(number);
        return Fit::Value;
    }
    float narrow = static_cast<float>(number);
    if ((std::isinf(narrow) && !std::isinf(number)) || (narrow == 0 && number != 0))
        return out_of_range(why, value, "it is out of range");
    *out = Float4GetDatum(narrow);
    return Fit::Value;
}

Fit convert_numeric(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    Decimal decimal;
    switch (value.type) {
    case BsonType::Int32:
        decimal_of_int64(read_le<int32_t>(value.data), &decimal);
        break;
    case BsonType::Int64:
        decimal_of_int64(read_le<int64_t>(value.data), &decimal);
        break;
    case BsonType::Double:
        decimal_of_double(read_le<double>(value.data), &decimal);
        break;
    case BsonType::Decimal128:
        decimal_of_decimal128(value.data, &decimal);
        break;
    case BsonType::Bool:
        if (!converter->rules.edb)
            return misfit(why, value);
        decimal_of_int64(value.data[0] ? 1 : 0, &decimal);
        break;
    default:
        return misfit(why, value);
    }
    int scale = natural_scale(decimal);
    if (converter->precision) {
        if (converter->rules.edb)
            round_decimal(&decimal, converter->scale);
        if (!fits_typmod(decimal, converter->precision, converter->scale))
            return out_of_range(why, value, "it has digits that the column's precision and scale cannot hold");
        scale = converter->scale > 0 ? converter->scale : 0;
        // Zeros beyond the scale are dropped, so that the display scale is the column's.
        while (decimal.special == Special::Finite && -decimal.exponent > scale && decimal.digit_count > 1) {
            decimal.digit_count--;
            decimal.exponent++;
        }
    }
    char *numeric = static_cast<char *>(arena_alloc(arena, numeric_size(decimal)));
    write_numeric(decimal, scale, numeric);
    *out = PointerGetDatum(numeric);
    return Fit::Value;
}

Fit convert_bool(const Converter *converter, const BsonValue &value, Datum *out, Misfit *why) {
    switch (value.type) {
    case BsonType::Bool:
        *out = BoolGetDatum(value.data[0] != 0);
        return Fit::Value;
    case BsonType::Int32:
    case BsonType::Int64:
    case BsonType::Double:
        if (!converter->rules.edb)
            break;
        *out = BoolGetDatum(value.type == BsonType::Int32   ? read_le<int32_t>(value.data) != 0
                            : value.type == BsonType::Int64 ? read_le<int64_t>(value.data) != 0
                                                            : read_le<double>(value.data) != 0);
        return Fit::Value;
    default:
        break;
    }
    return misfit(why, value);
}

// UTF-8 text without NULs, or with NULs and backslashes escaped.
void apply_nul_rule(NulRule rule, Arena *arena, const char **text, uint32_t *length) {
    bool escape = rule == NulRule::Escape;
    if (!memchr(*text, '\0', *length) && !(escape && memchr(*text, '\\', *length)))
        return;
    char *out = static_cast<char *>(arena_alloc(arena, 6 * static_cast<Size>(*length) + 1));
    uint32_t size = 0;
    for (uint32_t i = 0; i < *length; i++) {
        char c = (*text)[i];
        const char *written = c == '\0' ? (escape ? "\\u0000" : "") : escape && c == '\\' ? "\\\\" : nullptr;
        if (!written) {
            out[size++] = c;
            continue;
        }
        memcpy(out + size, written, strlen(written));
        size += static_cast<uint32_t>(strlen(written));
    }
    out[size] = '\0';
    *text = out;
    *length = size;
}

// The text of a string, symbol or ObjectId in the server encoding.
bool text_value(const BsonValue &value, NulRule nul, Arena *arena, char hex[24], const char **text, uint32_t *length,
                Misfit *why) {
    static const char kHex[] = "0123456789abcdef";
    if (value.type == BsonType::ObjectId) {
        for (int i = 0; i < 12; i++) {
            hex[2 * i] = kHex[value.data[i] >> 4];
            hex[2 * i + 1] = kHex[value.data[i] & 15];
        }
        *text = hex;
        *length = 24;
        return true;
    }
    if (value.type != BsonType::String && value.type != BsonType::Symbol) {
        misfit(why, value);
        return false;
    }
    *text = text_of(value, length);
    if (nul != NulRule::Misfit)
        apply_nul_rule(nul, arena, text, length);
    switch (to_server_text(text, length)) {
    case TextFault::None:
        return true;
    case TextFault::Nul:
        misfit(why, value, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "it holds a NUL character");
        return false;
    default:
        misfit(why, value,
               GetDatabaseEncoding() == PG_UTF8 ? ERRCODE_CHARACTER_NOT_IN_REPERTOIRE
                                                : ERRCODE_UNTRANSLATABLE_CHARACTER,
               "it has no equivalent in the database encoding");
        return false;
    }
}

Fit convert_text(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    char hex[24];
    const char *text;
    uint32_t length;
    if (!text_value(value, converter->rules.nul, arena, hex, &text, &length, why))
        return Fit::Misfit;
    uint32_t padding = 0;
    if (converter->max_length &&
        (length > static_cast<uint32_t>(converter->max_length) || converter->kind == Kind::Bpchar)) {
        int characters = pg_mbstrlen_with_len(text, length);
        if (characters > converter->max_length)
            return misfit(why, value, ERRCODE_STRING_DATA_RIGHT_TRUNCATION, "it is too long");
        if (converter->kind == Kind::Bpchar)
            padding = converter->max_length - characters;
    }
    char *result = static_cast<char *>(arena_alloc(arena, VARHDRSZ + length + padding));
    SET_VARSIZE(result, VARHDRSZ + length + padding);
    memcpy(VARDATA(result), text, length);
    if (padding)
        memset(VARDATA(result) + length, ' ', padding);
    *out = PointerGetDatum(result);
    return Fit::Value;
}

Fit convert_name(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    char hex[24];
    const char *text;
    uint32_t length;
    if (converter->rules.edb && value.type != BsonType::ObjectId)
        return misfit(why, value);
    if (!text_value(value, converter->rules.nul, arena, hex, &text, &length, why))
        return Fit::Misfit;
    if (length >= NAMEDATALEN)
        return misfit(why, value, ERRCODE_STRING_DATA_RIGHT_TRUNCATION, "it is too long");
    char *result = static_cast<char *>(arena_alloc(arena, NAMEDATALEN));
    memset(result, 0, NAMEDATALEN);
    memcpy(result, text, length);
    *out = PointerGetDatum(result);
    return Fit::Value;
}

Fit convert_date(const Converter *converter, const BsonValue &value, Datum *out, Misfit *why) {
    if (value.type != BsonType::Date)
        return misfit(why, value);
    int64_t ms = read_le<int64_t>(value.data);
    if (converter->kind == Kind::Date) {
        constexpr int64_t kDay = 86400000;
        int64_t days = ms / kDay - (ms % kDay < 0 ? 1 : 0) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE);
        if (days < -static_cast<int64_t>(POSTGRES_EPOCH_JDATE) || days >= DATE_END_JULIAN - POSTGRES_EPOCH_JDATE)
            return misfit(why, value, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it is out of range");
        *out = DateADTGetDatum(static_cast<DateADT>(days));
        return Fit::Value;
    }
    int64_t shifted, micros;
    if (__builtin_sub_overflow(ms, kEpochShiftMs, &shifted) || __builtin_mul_overflow(shifted, 1000, &micros) ||
        !IS_VALID_TIMESTAMP(micros))
        return misfit(why, value, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "it is out of range");
    *out = TimestampTzGetDatum(micros);
    return Fit::Value;
}

Fit convert_uuid(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    if (value.type != BsonType::Binary || value.size != 21)
        return misfit(why, value);
    uint8_t subtype = value.data[4];
    bool legacy = subtype == 3 && converter->rules.uuid_legacy != UuidLegacy::Off;
    if (subtype != 4 && !legacy)
        return misfit(why, value);
    pg_uuid_t *uuid = static_cast<pg_uuid_t *>(arena_alloc(arena, sizeof(pg_uuid_t)));
    if (legacy)
        swap_legacy_uuid(value.data + 5, converter->rules.uuid_legacy, uuid->data);
    else
        memcpy(uuid->data, value.data + 5, 16);
    *out = UUIDPGetDatum(uuid);
    return Fit::Value;
}

Datum make_bytea(const uint8_t *data, uint32_t size, Arena *arena) {
    char *result = static_cast<char *>(arena_alloc(arena, VARHDRSZ + size));
    SET_VARSIZE(result, VARHDRSZ + size);
    memcpy(VARDATA(result), data, size);
    return PointerGetDatum(result);
}

Fit convert_bytea(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    int wanted = converter->rules.binary_subtype;
    if (value.type == BsonType::ObjectId && wanted < 0) {
        *out = make_bytea(value.data, 12, arena);
        return Fit::Value;
    }
    if (value.type != BsonType::Binary || (wanted >= 0 && value.data[4] != wanted))
        return misfit(why, value);
    const uint8_t *data = value.data + 5;
    uint32_t size = value.size - 5;
    if (value.data[4] == 2 && size >= 4 && read_le<uint32_t>(data) == size - 4) { // the old form repeats the length
        data += 4;
        size -= 4;
    }
    *out = make_bytea(data, size, arena);
    return Fit::Value;
}

Fit json_fault(JsonFault fault, const BsonValue &value, Misfit *why) {
    switch (fault) {
    case JsonFault::Nul:
        return misfit(why, value, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "it holds a NUL character");
    case JsonFault::Encoding:
        return misfit(why, value,
                      GetDatabaseEncoding() == PG_UTF8 ? ERRCODE_CHARACTER_NOT_IN_REPERTOIRE
                                                       : ERRCODE_UNTRANSLATABLE_CHARACTER,
                      "it has no equivalent in the database encoding");
    case JsonFault::TooDeep:
        return misfit(why, value, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "it is nested too deeply");
    default:
        return misfit(why, value, ERRCODE_DATA_CORRUPTED, "it is not valid BSON");
    }
}

Fit convert_json(const Converter *converter, const JsonNode &node, const BsonValue &value, Arena *arena, Datum *out,
                 Misfit *why) {
    if (converter->kind == Kind::Jsonb) {
        JsonFault fault = make_jsonb(node, converter->rules.json_form, arena, out);
        return fault == JsonFault::None ? Fit::Value : json_fault(fault, value, why);
    }
    StringInfoData text;
    initStringInfo(&text);
    JsonFault fault = append_json(&text, node, converter->rules.json_form, arena);
    if (fault == JsonFault::None)
        *out = make_bytea(reinterpret_cast<const uint8_t *>(text.data), text.len, arena);
    pfree(text.data);
    return fault == JsonFault::None ? Fit::Value : json_fault(fault, value, why);
}

// Puts a step in front of the position of a misfit.
void prepend_position(Misfit *why, const char *step) {
    char joined[sizeof why->position];
    snprintf(joined, sizeof joined, ".%s%s", step, why->position);
    strlcpy(why->position, joined, sizeof why->position);
}

struct ArrayBuilder {
    Datum *values;
    bool *nulls;
    uint32_t count;
    uint32_t capacity;
    int scalar_depth; // at which the first scalar stood, -1: none yet
    int sizes[MAXDIM];
};

void array_add(ArrayBuilder *builder, Datum value, bool null, Arena *arena) {
    if (builder->count == builder->capacity) {
        uint32_t capacity = Max(builder->capacity * 2, 16);
        Datum *values = static_cast<Datum *>(arena_alloc(arena, sizeof(Datum) * capacity));
        bool *nulls = static_cast<bool *>(arena_alloc(arena, capacity));
        if (builder->count) {
            memcpy(values, builder->values, sizeof(Datum) * builder->count);
            memcpy(nulls, builder->nulls, builder->count);
        }
        builder->values = values;
        builder->nulls = nulls;
        builder->capacity = capacity;
    }
    builder->values[builder->count] = value;
    builder->nulls[builder->count++] = null;
}

// Iterates over an array on the wire or over a list of found values.
struct Elements {
    const BsonValue *list;
    uint32_t count;
    BsonReader reader;
    uint32_t index = 0;
    bool next(BsonValue *out) {
        if (list) {
            if (index >= count)
                return false;
            *out = list[index++];
            return true;
        }
        if (!reader.next())
            return false;
        index++;
        *out = reader.value();
        return true;
    }
};

const uint8_t kEmptyDocument[] = {5, 0, 0, 0, 0};

Fit add_elements(const Converter *converter, Elements *elements, const BsonValue &whole, int depth,
                 ArrayBuilder *builder, Arena *arena, Misfit *why) {
    BsonValue value;
    int size = 0;
    int inner = 0; // dimensions of the elements, 0: scalars
    bool first = true;
    if (depth >= MAXDIM)
        return misfit(why, whole, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "it has too many dimensions");
    while (elements->next(&value)) {
        bool nested = value.type == BsonType::Array && converter->element->kind != Kind::Json &&
                      converter->element->kind != Kind::Jsonb &&
                      !(converter->element->kind == Kind::Domain && takes_list(converter->element));
        if (!first && nested != (inner > 0))
            return misfit(why, whole, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST,
                          "its nested arrays are not rectangular");
        if (nested) {
            Elements nested_elements{nullptr, 0, BsonReader(value.data, value.size)};
            Fit fit = add_elements(converter, &nested_elements, value, depth + 1, builder, arena, why);
            if (fit == Fit::Misfit)
                return fit;
            inner = 1;
        } else {
            Datum datum = 0;
            Fit fit = convert_value(converter->element, value, arena, &datum, why);
            if (fit == Fit::Misfit) {
                char step[16];
                snprintf(step, sizeof step, "%u", elements->index - 1);
                prepend_position(why, step);
                return fit;
            }
            if (builder->scalar_depth >= 0 && builder->scalar_depth != depth)
                return misfit(why, whole, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST,
                              "its nested arrays are not rectangular");
            builder->scalar_depth = depth;
            array_add(builder, datum, fit == Fit::Null, arena);
        }
        first = false;
        size++;
    }
    if (!elements->list && elements->reader.malformed())
        return misfit(why, whole, ERRCODE_DATA_CORRUPTED, "it is not valid BSON");
    if (builder->sizes[depth] >= 0 && builder->sizes[depth] != size)
        return misfit(why, whole, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, "its nested arrays are not rectangular");
    builder->sizes[depth] = size;
    return Fit::Value;
}

Fit convert_array(const Converter *converter, Elements *elements, const BsonValue &whole, Arena *arena, Datum *out,
                  Misfit *why) {
    ArrayBuilder builder{};
    builder.scalar_depth = -1;
    for (int &size : builder.sizes)
        size = -1;
    Fit fit = add_elements(converter, elements, whole, 0, &builder, arena, why);
    if (fit == Fit::Misfit)
        return fit;
    // The scalars all lie at one depth: the deepest level that was seen.
    int dimensions = 0, sizes[MAXDIM], bounds[MAXDIM];
    uint64_t total = 1;
    for (; dimensions < MAXDIM && builder.sizes[dimensions] >= 0; dimensions++) {
        sizes[dimensions] = builder.sizes[dimensions];
        bounds[dimensions] = 1;
        total *= sizes[dimensions];
    }
    if (total != builder.count)
        return misfit(why, whole, ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST, "its nested arrays are not rectangular");
    MemoryContext old = MemoryContextSwitchTo(arena->context);
    ArrayType *array = builder.count == 0 ? construct_empty_array(converter->element->type)
                                          : construct_md_array(builder.values, builder.nulls, dimensions, sizes, bounds,
                                                               converter->element->type, converter->element_length,
                                                               converter->element_by_value, converter->element_align);
    MemoryContextSwitchTo(old);
    *out = PointerGetDatum(array);
    return Fit::Value;
}

Fit convert_composite(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    if (value.type != BsonType::Document)
        return misfit(why, value);
    Datum *values = static_cast<Datum *>(arena_alloc(arena, sizeof(Datum) * (converter->field_count + 1)));
    bool *nulls = static_cast<bool *>(arena_alloc(arena, converter->field_count + 1));
    bool *seen = static_cast<bool *>(arena_alloc(arena, converter->field_count + 1));
    memset(nulls, true, converter->field_count);
    memset(seen, false, converter->field_count);
    BsonReader reader(value.data, value.size);
    while (reader.next()) {
        for (uint32_t i = 0; i < converter->field_count; i++) {
            if (!converter->field_names[i] || seen[i] || strcmp(converter->field_names[i], reader.key()) != 0)
                continue;
            seen[i] = true;
            Fit fit = convert_value(converter->fields[i], reader.value(), arena, &values[i], why);
            if (fit == Fit::Misfit) {
                prepend_position(why, reader.key());
                return fit;
            }
            nulls[i] = fit == Fit::Null;
        }
    }
    if (reader.malformed())
        return misfit(why, value, ERRCODE_DATA_CORRUPTED, "it is not valid BSON");
    // Domains may refuse NULL: fields that were not found are checked like those that hold null.
    static const BsonValue kNothing{BsonType::Missing, nullptr, 0};
    for (uint32_t i = 0; i < converter->field_count; i++)
        if (!seen[i] && converter->fields[i] && converter->fields[i]->kind == Kind::Domain &&
            convert_value(converter->fields[i], kNothing, arena, &values[i], why) == Fit::Misfit) {
            prepend_position(why, converter->field_names[i]);
            return Fit::Misfit;
        }
    MemoryContext old = MemoryContextSwitchTo(arena->context);
    HeapTuple tuple = heap_form_tuple(converter->descriptor, values, nulls);
    *out = heap_copy_tuple_as_datum(tuple, converter->descriptor);
    MemoryContextSwitchTo(old);
    return Fit::Value;
}

Fit convert_enum(const Converter *converter, const BsonValue &value, Datum *out, Misfit *why) {
    char hex[24];
    const char *text;
    uint32_t length;
    if (!text_value(value, NulRule::Misfit, nullptr, hex, &text, &length, why))
        return Fit::Misfit;
    char label[NAMEDATALEN];
    Oid found = InvalidOid;
    if (length < NAMEDATALEN) {
        memcpy(label, text, length);
        label[length] = '\0';
        found = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(converter->type),
                                CStringGetDatum(label));
    }
    if (!OidIsValid(found))
        return misfit(why, value, ERRCODE_INVALID_TEXT_REPRESENTATION, "it is no value of the enum");
    *out = ObjectIdGetDatum(found);
    return Fit::Value;
}

struct DomainCall {
    Datum value;
    bool null;
    const Converter *converter;
};

void call_domain_check(void *argument) {
    DomainCall *call = static_cast<DomainCall *>(argument);
    domain_check(call->value, call->null, call->converter->type, const_cast<void **>(&call->converter->domain_cache),
                 call->converter->context);
}

Fit convert_domain(const Converter *converter, Fit fit, const BsonValue &value, Datum *out, Misfit *why) {
    if (fit == Fit::Misfit)
        return fit;
    DomainCall call{*out, fit == Fit::Null, converter};
    if (ErrorData *error = catch_error(call_domain_check, &call)) {
        int sqlstate = error->sqlerrcode;
        char *reason = pstrdup(error->message);
        FreeErrorData(error);
        return misfit(why, value, sqlstate, reason);
    }
    return fit;
}

} // namespace

Fit convert_value(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    if (reads_as_null(value.type))
        return converter->kind == Kind::Domain ? convert_domain(converter, Fit::Null, value, out, why) : Fit::Null;
    why->position[0] = '\0';
    switch (converter->kind) {
    case Kind::Int2:
    case Kind::Int4:
    case Kind::Int8:
        return convert_int(converter, value, out, why);
    case Kind::Float4:
    case Kind::Float8:
        return convert_float(converter, value, out, why);
    case Kind::Numeric:
        return convert_numeric(converter, value, arena, out, why);
    case Kind::Bool:
        return convert_bool(converter, value, out, why);
    case Kind::Text:
    case Kind::Bpchar:
        return convert_text(converter, value, arena, out, why);
    case Kind::Name:
        return convert_name(converter, value, arena, out, why);
    case Kind::ObjectId: {
        if (value.type != BsonType::ObjectId)
            return misfit(why, value);
        uint8_t *copy = static_cast<uint8_t *>(arena_alloc(arena, 12));
        memcpy(copy, value.data, 12);
        *out = PointerGetDatum(copy);
        return Fit::Value;
    }
    case Kind::Timestamptz:
    case Kind::Timestamp:
    case Kind::Date:
        return convert_date(converter, value, out, why);
    case Kind::Uuid:
        return convert_uuid(converter, value, arena, out, why);
    case Kind::Bytea:
        return convert_bytea(converter, value, arena, out, why);
    case Kind::Json:
    case Kind::Jsonb: {
        JsonNode node;
        json_node_of(value, converter->rules.json_form, arena, &node);
        return convert_json(converter, node, value, arena, out, why);
    }
    case Kind::Array: {
        if (value.type == BsonType::Array) {
            Elements elements{nullptr, 0, BsonReader(value.data, value.size)};
            return convert_array(converter, &elements, value, arena, out, why);
        }
        if (!converter->rules.array_from_scalar)
            return misfit(why, value);
        Elements single{&value, 1, BsonReader(kEmptyDocument, sizeof kEmptyDocument)};
        return convert_array(converter, &single, value, arena, out, why);
    }
    case Kind::Composite:
        return convert_composite(converter, value, arena, out, why);
    case Kind::Enum:
        return convert_enum(converter, value, out, why);
    case Kind::Domain:
        return convert_domain(converter, convert_value(converter->element, value, arena, out, why), value, out, why);
    case Kind::None:
        break;
    }
    return misfit(why, value);
}

Fit convert_list(const Converter *converter, const BsonValue *values, uint32_t count, Arena *arena, Datum *out,
                 Misfit *why) {
    static const BsonValue kNothing{BsonType::Array, kEmptyDocument, sizeof kEmptyDocument};
    why->position[0] = '\0';
    switch (converter->kind) {
    case Kind::Json:
    case Kind::Jsonb: {
        JsonNode node{};
        node.kind = JsonNode::Kind::List;
        node.values = values;
        node.length = count;
        return convert_json(converter, node, count ? values[0] : kNothing, arena, out, why);
    }
    case Kind::Domain:
        return convert_domain(converter, convert_list(converter->element, values, count, arena, out, why),
                              count ? values[0] : kNothing, out, why);
    default: {
        Elements elements{count ? values : &kNothing, count, BsonReader(kEmptyDocument, sizeof kEmptyDocument)};
        return convert_array(converter, &elements, count ? values[0] : kNothing, arena, out, why);
    }
    }
}

Fit convert_whole(const Converter *converter, const BsonValue &value, Arena *arena, Datum *out, Misfit *why) {
    why->position[0] = '\0';
    if (converter->kind == Kind::Bytea) {
        *out = make_bytea(value.data, value.size, arena);
        return Fit::Value;
    }
    JsonNode node;
    json_node_of(value, converter->rules.json_form, arena, &node);
    return convert_json(converter, node, value, arena, out, why); // text has the layout of json
}

} // namespace mongo_fdw
