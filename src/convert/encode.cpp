// Datums to BSON: the type matrix of writing. Zone B.
//
// The law is that of reading: nothing changes silently. A value that the BSON type cannot hold as it is raises, and
// names the column.
#include "convert/encode_internal.hpp"

#include "convert/from_json.hpp"
#include "convert/objectid.hpp"
#include "options/path.hpp"

namespace mongo_fdw {

namespace {

constexpr int64_t kEpochShiftMs = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * INT64CONST(86400000);

[[noreturn]] void refuse(const Encoder *encoder, int sqlstate, const char *value, const char *reason) {
    ereport(ERROR, (errcode(sqlstate),
                    errmsg("value %.100s of column \"%s\" cannot be written as BSON type %s", value, encoder->column,
                           encoder->type_name),
                    errdetail("%s", reason)));
    pg_unreachable();
}

// --- numbers ---

int64_t integer_of(const Encoder *encoder, Datum value) {
    switch (encoder->converter->kind) {
    case Kind::Int2:
        return DatumGetInt16(value);
    case Kind::Int4:
        return DatumGetInt32(value);
    default:
        return DatumGetInt64(value);
    }
}

void put_int32(const Encoder *encoder, BsonWriter *writer, FieldKey key, int64_t value) {
    if (value < PG_INT32_MIN || value > PG_INT32_MAX)
        refuse(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, psprintf(INT64_FORMAT, static_cast<int64>(value)),
               "It does not fit 32 bits.");
    write_key(writer, BsonType::Int32, key);
    write_le(writer, static_cast<int32_t>(value));
}

void put_int64(BsonWriter *writer, FieldKey key, int64_t value) {
    write_key(writer, BsonType::Int64, key);
    write_le(writer, value);
}

void put_double(BsonWriter *writer, FieldKey key, double value) {
    write_key(writer, BsonType::Double, key);
    write_le(writer, value);
}

void put_decimal(const Encoder *encoder, BsonWriter *writer, FieldKey key, const char *text) {
    uint8_t bytes[16];
    if (!decimal128_of_text(text, bytes))
        refuse(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, text, "A Decimal128 holds 34 digits.");
    write_key(writer, BsonType::Decimal128, key);
    write_bytes(writer, bytes, sizeof bytes);
}

void integer_as_int32(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_int32(encoder, writer, key, integer_of(encoder, value));
}

void integer_as_int64(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_int64(writer, key, integer_of(encoder, value));
}

void integer_as_double(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    int64_t integer = integer_of(encoder, value);
    double number = static_cast<double>(integer);
    if (number >= 9223372036854775808.0 || static_cast<int64_t>(number) != integer)
        refuse(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, psprintf(INT64_FORMAT, static_cast<int64>(integer)),
               "It has more digits than a double holds.");
    put_double(writer, key, number);
}

void integer_as_decimal(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_decimal(encoder, writer, key, psprintf(INT64_FORMAT, static_cast<int64>(integer_of(encoder, value))));
}

double float_of(const Encoder *encoder, Datum value) {
    return encoder->converter->kind == Kind::Float4 ? DatumGetFloat4(value) : DatumGetFloat8(value);
}

const char *float_text(const Encoder *encoder, Datum value) {
    char *text = static_cast<char *>(palloc(DOUBLE_SHORTEST_DECIMAL_LEN));
    if (encoder->converter->kind == Kind::Float4)
        float_to_shortest_decimal_buf(DatumGetFloat4(value), text);
    else
        double_to_shortest_decimal_buf(DatumGetFloat8(value), text);
    return text;
}

void float_as_double(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_double(writer, key, float_of(encoder, value));
}

int64_t integral_float(const Encoder *encoder, Datum value) {
    double number = float_of(encoder, value);
    if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0) || number != rint(number))
        refuse(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, float_text(encoder, value), "It is no 64-bit integer.");
    return static_cast<int64_t>(number);
}

void float_as_int32(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_int32(encoder, writer, key, integral_float(encoder, value));
}

void float_as_int64(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_int64(writer, key, integral_float(encoder, value));
}

void float_as_decimal(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_decimal(encoder, writer, key, float_text(encoder, value));
}

const char *numeric_text(Datum value) { return DatumGetCString(DirectFunctionCall1(numeric_out, value)); }

void numeric_as_decimal(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_decimal(encoder, writer, key, numeric_text(value));
}

// A numeric that is the shortest decimal of a double reads back as itself. Null, or why it does not.
const char *put_numeric(BsonWriter *writer, FieldKey key, const char *text) {
    double number = strtod(text, nullptr);
    bool finite = !isinf(number) && !isnan(number);
    if (finite && !is_shortest_decimal(text, number))
        return "It has more digits than a double holds.";
    if (!finite && isdigit(static_cast<unsigned char>(text[text[0] == '-'])))
        return "It is out of the range of a double.";
    put_double(writer, key, isnan(number) ? get_float8_nan() : number);
    return nullptr;
}

void numeric_as_double(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    const char *text = numeric_text(value);
    if (const char *reason = put_numeric(writer, key, text))
        refuse(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, text, reason);
}

int64_t integral_numeric(const Encoder *encoder, Datum value) {
    const char *text = numeric_text(value);
    char *end;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    if (*end == '.')
        end += 1 + strspn(end + 1, "0");
    if (errno != 0 || *end != '\0' || end == text)
        refuse(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, text, "It is no 64-bit integer.");
    return number;
}

void numeric_as_int32(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_int32(encoder, writer, key, integral_numeric(encoder, value));
}

void numeric_as_int64(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    put_int64(writer, key, integral_numeric(encoder, value));
}

void bool_as_bool(const Encoder *, BsonWriter *writer, FieldKey key, Datum value) {
    char truth = DatumGetBool(value);
    write_key(writer, BsonType::Bool, key);
    write_bytes(writer, &truth, 1);
}

// --- text ---

struct Text {
    const char *data; // UTF-8
    uint32_t length;
};

Text text_of(const Encoder *encoder, Datum value) {
    const char *data;
    uint32_t length;
    if (encoder->converter->kind == Kind::Enum) {
        data = OutputFunctionCall(const_cast<FmgrInfo *>(&encoder->output), value);
        length = static_cast<uint32_t>(strlen(data));
    } else if (encoder->converter->kind == Kind::Name) {
        data = NameStr(*DatumGetName(value));
        length = static_cast<uint32_t>(strlen(data));
    } else {
        text *from = DatumGetTextPP(value);
        data = VARDATA_ANY(from);
        length = static_cast<uint32_t>(VARSIZE_ANY_EXHDR(from));
    }
    if (GetDatabaseEncoding() == PG_UTF8)
        return {data, length};
    const char *utf8 = pg_server_to_any(data, static_cast<int>(length), PG_UTF8);
    return {utf8, utf8 == data ? length : static_cast<uint32_t>(strlen(utf8))};
}

const char *shown(const Text &text) {
    return psprintf("\"%.*s\"", pg_mbcliplen(text.data, static_cast<int>(text.length), 90), text.data);
}

template <BsonType type> void text_as(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    Text text = text_of(encoder, value);
    write_key(writer, type, key);
    write_text(writer, text.data, text.length);
}

void text_as_objectid(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    Text text = text_of(encoder, value);
    uint8_t id[kObjectIdSize];
    char digits[2 * kObjectIdSize];
    bool hex = text.length == sizeof digits && objectid_of_hex(text.data, id);
    if (hex)
        hex_of_objectid(id, digits);
    // Other digits would be read back as others than they were written.
    if (!hex || (memcmp(text.data, digits, sizeof digits) != 0 && !encoder->rules.name_is_objectid))
        refuse(encoder, ERRCODE_INVALID_TEXT_REPRESENTATION, shown(text),
               "An ObjectId is written as 24 lower-case hexadecimal digits.");
    write_key(writer, BsonType::ObjectId, key);
    write_bytes(writer, id, sizeof id);
}

void objectid_as_objectid(const Encoder *, BsonWriter *writer, FieldKey key, Datum value) {
    write_key(writer, BsonType::ObjectId, key);
    write_bytes(writer, DatumGetPointer(value), kObjectIdSize);
}

// --- times ---

const char *output_of(const Encoder *encoder, Datum value) {
    Oid function;
    bool varlena;
    getTypeOutputInfo(encoder->converter->type, &function, &varlena);
    return OidOutputFunctionCall(function, value);
}

[[noreturn]] void refuse_time(const Encoder *encoder, Datum value, const char *reason) {
    refuse(encoder, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, psprintf("\"%s\"", output_of(encoder, value)), reason);
}

int64_t milliseconds_of(const Encoder *encoder, Datum value) {
    if (encoder->converter->kind == Kind::Date) {
        DateADT date = DatumGetDateADT(value);
        if (DATE_NOT_FINITE(date))
            refuse_time(encoder, value, "BSON has no infinite dates.");
        return date * INT64CONST(86400000) + kEpochShiftMs;
    }
    Timestamp time = DatumGetTimestamp(value);
    if (TIMESTAMP_NOT_FINITE(time))
        refuse_time(encoder, value, "BSON has no infinite dates.");
    int64_t ms = time / 1000, rest = time % 1000;
    if (rest != 0 && !encoder->rules.round_time)
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                        errmsg("a time in column \"%s\" is finer than a millisecond", encoder->column),
                        errdetail("BSON dates count milliseconds; the value is \"%s\".", output_of(encoder, value)),
                        errhint("Set option round_time to \"true\" to write the nearest millisecond.")));
    if (rest >= 500)
        ms++;
    else if (rest < -500)
        ms--;
    return ms + kEpochShiftMs;
}

void time_as_date(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    int64_t ms = milliseconds_of(encoder, value);
    write_key(writer, BsonType::Date, key);
    write_le(writer, ms);
}

// --- bytes ---

void uuid_as_binary(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    unsigned char bytes[16];
    const unsigned char *data = DatumGetUUIDP(value)->data;
    if (encoder->subtype == 3)
        swap_legacy_uuid(data, encoder->converter->rules.uuid_legacy, bytes);
    else
        memcpy(bytes, data, sizeof bytes);
    write_key(writer, BsonType::Binary, key);
    write_binary(writer, encoder->subtype, bytes, sizeof bytes);
}

void bytea_as_binary(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    bytea *from = DatumGetByteaPP(value);
    write_key(writer, BsonType::Binary, key);
    write_binary(writer, encoder->subtype, VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from));
}

void bytea_as_uuid(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    bytea *from = DatumGetByteaPP(value);
    if (VARSIZE_ANY_EXHDR(from) != 16)
        refuse(encoder, ERRCODE_INVALID_BINARY_REPRESENTATION, psprintf("of %d bytes", (int)VARSIZE_ANY_EXHDR(from)),
               "A UUID has 16 bytes.");
    write_key(writer, BsonType::Binary, key);
    write_binary(writer, 4, VARDATA_ANY(from), 16);
}

void bytea_as_objectid(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    bytea *from = DatumGetByteaPP(value);
    if (VARSIZE_ANY_EXHDR(from) != kObjectIdSize)
        refuse(encoder, ERRCODE_INVALID_BINARY_REPRESENTATION, psprintf("of %d bytes", (int)VARSIZE_ANY_EXHDR(from)),
               "An ObjectId has 12 bytes.");
    write_key(writer, BsonType::ObjectId, key);
    write_bytes(writer, VARDATA_ANY(from), kObjectIdSize);
}

// --- what holds other values ---

void json_as_any(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    const JsonValue *json = encoder->converter->kind == Kind::Jsonb ? read_jsonb(value) : read_json(value);
    int at = writer->buffer.len;
    write_json(writer, key, json, encoder->converter->rules.json_form == JsonForm::Legacy, encoder->place);
    check_json_type(encoder, writer, at);
}

void write_dimension(const Encoder *encoder, BsonWriter *writer, FieldKey key, ArrayType *array, int dimension,
                     Datum **values, bool **nulls) {
    write_key(writer, BsonType::Array, key);
    int start = begin_document(writer);
    int count = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[dimension];
    for (int i = 0; i < count; i++) {
        IndexKey index(static_cast<uint32_t>(i));
        if (dimension + 1 < ARR_NDIM(array)) {
            write_dimension(encoder, writer, index.key, array, dimension + 1, values, nulls);
            continue;
        }
        if (*(*nulls)++)
            write_null(writer, index.key);
        else
            encode_value(encoder->element, writer, index.key, **values);
        (*values)++;
    }
    end_document(writer, start);
}

void array_as_array(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    ArrayType *array = DatumGetArrayTypeP(value);
    const Converter *converter = encoder->converter;
    check_bounds(encoder, value, array);
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(array, converter->element->type, converter->element_length, converter->element_by_value,
                      converter->element_align, &values, &nulls, &count);
    write_dimension(encoder, writer, key, array, 0, &values, &nulls);
}

void composite_as_document(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    const Converter *converter = encoder->converter;
    Attributes attributes = attributes_of(converter, value);
    write_key(writer, BsonType::Document, key);
    int start = begin_document(writer);
    for (uint32_t i = 0; i < converter->field_count; i++) {
        if (!converter->field_names[i])
            continue;
        FieldKey field = key_of(converter->field_names[i]);
        if (!attributes.nulls[i])
            encode_value(encoder->fields[i], writer, field, attributes.values[i]);
        else if (encoder->rules.null_is_value)
            write_null(writer, field);
    }
    end_document(writer, start);
}

void domain_as_base(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    encode_value(encoder->element, writer, key, value);
}

// --- the pairs ---

struct PairRow {
    Kind kind;
    const char *bson_type; // the first row of a kind is its default
    WriteFunction write;
    bool takes_all = false; // every value can be written
};

// Which BSON types a PostgreSQL type can be written as: what option bson_type may say. The type reads all of them.
constexpr PairRow kPairs[] = {
    {Kind::Int2, "int32", integer_as_int32, true},
    {Kind::Int2, "int64", integer_as_int64, true},
    {Kind::Int2, "double", integer_as_double, true},
    {Kind::Int2, "decimal128", integer_as_decimal, true},
    {Kind::Int4, "int32", integer_as_int32, true},
    {Kind::Int4, "int64", integer_as_int64, true},
    {Kind::Int4, "double", integer_as_double, true},
    {Kind::Int4, "decimal128", integer_as_decimal, true},
    {Kind::Int8, "int64", integer_as_int64, true},
    {Kind::Int8, "int32", integer_as_int32},
    {Kind::Int8, "double", integer_as_double},
    {Kind::Int8, "decimal128", integer_as_decimal, true},
    {Kind::Float4, "double", float_as_double, true},
    {Kind::Float4, "int32", float_as_int32},
    {Kind::Float4, "int64", float_as_int64},
    {Kind::Float4, "decimal128", float_as_decimal, true},
    {Kind::Float8, "double", float_as_double, true},
    {Kind::Float8, "int32", float_as_int32},
    {Kind::Float8, "int64", float_as_int64},
    {Kind::Float8, "decimal128", float_as_decimal, true},
    {Kind::Numeric, "decimal128", numeric_as_decimal},
    {Kind::Numeric, "double", numeric_as_double},
    {Kind::Numeric, "int32", numeric_as_int32},
    {Kind::Numeric, "int64", numeric_as_int64},
    {Kind::Bool, "bool", bool_as_bool, true},
    {Kind::Text, "string", text_as<BsonType::String>, true},
    {Kind::Text, "objectid", text_as_objectid},
    {Kind::Bpchar, "string", text_as<BsonType::String>, true},
    {Kind::Bpchar, "objectid", text_as_objectid},
    {Kind::Name, "string", text_as<BsonType::String>, true},
    {Kind::Name, "objectid", text_as_objectid},
    {Kind::Enum, "string", text_as<BsonType::String>, true},
    {Kind::ObjectId, "objectid", objectid_as_objectid, true},
    {Kind::Timestamptz, "date", time_as_date},
    {Kind::Timestamp, "date", time_as_date},
    {Kind::Date, "date", time_as_date},
    {Kind::Uuid, "uuid", uuid_as_binary, true},
    {Kind::Uuid, "binary", uuid_as_binary, true},
    {Kind::Bytea, "binary", bytea_as_binary, true},
    {Kind::Bytea, "uuid", bytea_as_uuid},
    {Kind::Bytea, "objectid", bytea_as_objectid},
    {Kind::Json, "object", json_as_any},
    {Kind::Json, "array", json_as_any},
    {Kind::Jsonb, "object", json_as_any},
    {Kind::Jsonb, "array", json_as_any},
    {Kind::Array, "array", array_as_array},
    {Kind::Composite, "object", composite_as_document},
    {Kind::Domain, nullptr, domain_as_base}, // what its base type takes
};

struct ShortcutRow {
    Kind kind;
    WriteFunction write;
    Shortcut shortcut;
    BsonType type;
};

constexpr ShortcutRow kShortcuts[] = {
    {Kind::Int4, integer_as_int32, Shortcut::Int32, BsonType::Int32},
    {Kind::Int8, integer_as_int64, Shortcut::Int64, BsonType::Int64},
    {Kind::Float8, float_as_double, Shortcut::Double, BsonType::Double},
    {Kind::Bool, bool_as_bool, Shortcut::Bool, BsonType::Bool},
    {Kind::Text, text_as<BsonType::String>, Shortcut::Text, BsonType::String},
    {Kind::Timestamptz, time_as_date, Shortcut::Date, BsonType::Date},
    {Kind::Timestamp, time_as_date, Shortcut::Date, BsonType::Date},
};

const ShortcutRow *shortcut_of(const Encoder *encoder) {
    for (const ShortcutRow &row : kShortcuts)
        if (row.kind == encoder->converter->kind && row.write == encoder->write &&
            (row.shortcut != Shortcut::Text || GetDatabaseEncoding() == PG_UTF8))
            return &row;
    return nullptr;
}

template <class T> void put_behind(BsonWriter *writer, const FieldHeader &header, T value) {
    char *room = append_room(writer, header.length + sizeof value);
    memcpy(room, header.bytes, header.length);
    memcpy(room + header.length, &value, sizeof value);
}

const PairRow *pair_of(Kind kind, const char *bson_type) {
    // "binary:N" is binary; the subtype is read apart.
    int length = bson_type ? static_cast<int>(strcspn(bson_type, ":")) : 0;
    for (const PairRow &row : kPairs)
        if (row.kind == kind && (!bson_type || !row.bson_type ||
                                 (pg_strncasecmp(row.bson_type, bson_type, length) == 0 && !row.bson_type[length])))
            return &row;
    return nullptr;
}

Encoder *encoder_of(const char *column, const Converter *converter, const WriteRules &rules) {
    check_stack_depth();
    Encoder *encoder = static_cast<Encoder *>(palloc0(sizeof(Encoder)));
    encoder->column = column;
    encoder->place = psprintf("column \"%s\"", column);
    encoder->converter = converter;
    encoder->rules = rules;
    WriteRules plain = rules;
    plain.bson_type = nullptr;
    // An array's bson_type is that of its elements, unless it says array.
    bool of_elements =
        converter->kind == Kind::Array && rules.bson_type && pg_strcasecmp(rules.bson_type, "array") != 0;
    const char *wanted = of_elements ? nullptr : rules.bson_type;
    if (!wanted && converter->kind == Kind::Name && rules.name_is_objectid)
        wanted = "objectid";
    const PairRow *row = pair_of(converter->kind, wanted);
    encoder->type_name = wanted ? wanted : row && row->bson_type ? row->bson_type : "of any kind";
    encoder->write = row ? row->write : nullptr;
    encoder->takes_all = row && row->takes_all;
    const ShortcutRow *shortcut = shortcut_of(encoder);
    encoder->shortcut = shortcut ? shortcut->shortcut : Shortcut::None;
    switch (converter->kind) {
    case Kind::Uuid:
        encoder->subtype = converter->rules.binary_subtype >= 0 ? converter->rules.binary_subtype
                           : converter->rules.uuid_legacy != UuidLegacy::Off && !wanted ? 3
                                                                                        : 4;
        if ((encoder->subtype != 3 && encoder->subtype != 4) ||
            (encoder->subtype == 3 && converter->rules.uuid_legacy == UuidLegacy::Off)) // which it would not read
            encoder->write = nullptr;
        break;
    case Kind::Bytea:
        encoder->subtype = Max(converter->rules.binary_subtype, 0);
        break;
    case Kind::Array:
        encoder->element = encoder_of(column, converter->element, of_elements ? rules : plain);
        break;
    case Kind::Domain:
        encoder->element = encoder_of(column, converter->element, rules);
        break;
    case Kind::Enum: {
        Oid function;
        bool varlena;
        getTypeOutputInfo(converter->type, &function, &varlena);
        fmgr_info(function, &encoder->output);
        break;
    }
    case Kind::Composite:
        encoder->fields = static_cast<Encoder **>(palloc0(sizeof(Encoder *) * Max(converter->field_count, 1)));
        for (uint32_t i = 0; i < converter->field_count; i++)
            if (converter->fields[i])
                encoder->fields[i] = encoder_of(column, converter->fields[i], plain);
        break;
    default:
        break;
    }
    return encoder;
}

// The elements of a whole document given as bytes. Every length in it is checked, however deep.
void check_document(const Encoder *encoder, const uint8_t *data, uint32_t size) {
    check_stack_depth();
    BsonReader reader(data, size);
    auto check = [&](BsonValue value) {
        if (value.type == BsonType::CodeWithScope) {
            uint32_t text = value.size >= 14 ? read_le<uint32_t>(value.data + 4) : PG_UINT32_MAX;
            if (text > value.size - 13) {
                value.size = 0; // no room for the scope
            } else {
                value.data += 8 + text;
                value.size -= 8 + text;
            }
            value.type = BsonType::Document;
        }
        if (value.type == BsonType::Document || value.type == BsonType::Array)
            check_document(encoder, value.data, value.size);
    };
    while (!reader.malformed() && reader.next())
        check(reader.value());
    if (size < 5 || reader.malformed() || data[size - 1] != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                        errmsg("a value of column \"%s\" is no BSON document", encoder->column)));
}

} // namespace

bool only_takes_object_ids(const Encoder *encoder) {
    while (encoder->converter->kind == Kind::Domain)
        encoder = encoder->element;
    return encoder->converter->kind == Kind::Name && encoder->rules.name_is_objectid && !encoder->rules.bson_type;
}

bool is_object_id_text(const char *text) {
    uint8_t id[kObjectIdSize];
    return strlen(text) == 2 * kObjectIdSize && objectid_of_hex(text, id);
}

bool put_number_as(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value, BsonType type) {
    Kind kind = encoder->converter->kind;
    bool integer = kind == Kind::Int2 || kind == Kind::Int4 || kind == Kind::Int8;
    if (!integer && kind != Kind::Numeric && kind != Kind::Float8)
        return false;
    const char *text = integer                 ? psprintf(INT64_FORMAT, static_cast<int64>(integer_of(encoder, value)))
                       : kind == Kind::Numeric ? numeric_text(value)
                                               : float_text(encoder, value);
    char *end;
    errno = 0;
    int64_t whole = strtoll(text, &end, 10);
    bool fits = *end == '\0' && errno == 0;
    uint8_t bytes[16];
    switch (type) {
    case BsonType::Int32:
        if (!fits || whole < PG_INT32_MIN || whole > PG_INT32_MAX)
            return false;
        put_int32(encoder, writer, key, whole);
        return true;
    case BsonType::Int64:
        if (fits)
            put_int64(writer, key, whole);
        return fits;
    case BsonType::Double:
        return put_numeric(writer, key, text) == nullptr;
    case BsonType::Decimal128:
        if (!decimal128_of_text(text, bytes))
            return false;
        write_key(writer, BsonType::Decimal128, key);
        write_bytes(writer, bytes, sizeof bytes);
        return true;
    default:
        return false;
    }
}

FieldHeader make_header(const Encoder *encoder, FieldKey key) {
    const ShortcutRow *shortcut = shortcut_of(encoder);
    char *bytes = static_cast<char *>(palloc(key.length + 2));
    bytes[0] = static_cast<char>(shortcut ? shortcut->type : BsonType::Null);
    memcpy(bytes + 1, key.text, key.length);
    bytes[key.length + 1] = '\0';
    return {bytes, key.length + 2};
}

void encode_field(const Encoder *encoder, BsonWriter *writer, const FieldHeader &header, FieldKey key, Datum value) {
    switch (encoder->shortcut) {
    case Shortcut::Int32:
        return put_behind(writer, header, DatumGetInt32(value));
    case Shortcut::Int64:
        return put_behind(writer, header, DatumGetInt64(value));
    case Shortcut::Double:
        return put_behind(writer, header, DatumGetFloat8(value));
    case Shortcut::Bool:
        return put_behind(writer, header, static_cast<uint8_t>(DatumGetBool(value)));
    case Shortcut::Date: {
        Timestamp time = DatumGetTimestamp(value);
        if (TIMESTAMP_NOT_FINITE(time) || time % 1000 != 0)
            break;
        return put_behind(writer, header, static_cast<int64_t>(time / 1000 + kEpochShiftMs));
    }
    case Shortcut::Text: {
        text *from = DatumGetTextPP(value);
        uint32_t length = VARSIZE_ANY_EXHDR(from);
        int32_t size = static_cast<int32_t>(length + 1);
        char *room = append_room(writer, header.length + sizeof size + length + 1);
        memcpy(room, header.bytes, header.length);
        memcpy(room + header.length, &size, sizeof size);
        memcpy(room + header.length + sizeof size, VARDATA_ANY(from), length);
        room[header.length + sizeof size + length] = '\0';
        return;
    }
    case Shortcut::None:
        break;
    }
    encode_value(encoder, writer, key, value);
}

Encoder *make_encoder(const char *column, Oid type, int32 typmod, const ReadRules &read, const WriteRules &write) {
    return encoder_of(column, make_converter(type, typmod, read), write);
}

bool may_refuse(const Encoder *encoder) {
    return !encoder->write || !encoder->takes_all || GetDatabaseEncoding() != PG_UTF8;
}

void encode_value(const Encoder *encoder, BsonWriter *writer, FieldKey key, Datum value) {
    if (!encoder->write) {
        const char *type = format_type_be(encoder->converter->type);
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
                        encoder->rules.bson_type ? errmsg("column \"%s\" of type %s cannot be written as BSON type %s",
                                                          encoder->column, type, encoder->rules.bson_type)
                                                 : errmsg("column \"%s\" cannot be written: type %s has no BSON type",
                                                          encoder->column, type)));
    }
    encoder->write(encoder, writer, key, value);
}

Attributes attributes_of(const Converter *converter, Datum value) {
    HeapTupleHeader header = DatumGetHeapTupleHeader(value);
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;
    Size count = Max(converter->field_count, 1);
    Attributes attributes{static_cast<Datum *>(palloc(sizeof(Datum) * count)), static_cast<bool *>(palloc(count))};
    heap_deform_tuple(&tuple, converter->descriptor, attributes.values, attributes.nulls);
    return attributes;
}

void check_bounds(const Encoder *encoder, Datum value, const ArrayType *array) {
    for (int i = 0; i < ARR_NDIM(array); i++)
        if (ARR_LBOUND(array)[i] != 1)
            refuse(encoder, ERRCODE_ARRAY_SUBSCRIPT_ERROR, output_of(encoder, value),
                   "A BSON array has no lower bounds: its subscripts begin at 1 when it is read.");
}

void check_json_type(const Encoder *encoder, const BsonWriter *writer, int at) {
    BsonType written = static_cast<BsonType>(writer->buffer.data[at]);
    if (encoder->rules.bson_type && pg_strcasecmp(mongo_fdw::type_name(written), encoder->type_name) != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST),
                        errmsg("a value of column \"%s\" is of BSON type %s, not %s as its option bson_type says",
                               encoder->column, mongo_fdw::type_name(written), encoder->type_name)));
}

const JsonValue *json_of_document(const Encoder *encoder, Datum value) {
    const JsonValue *json;
    if (encoder->converter->kind == Kind::Jsonb) {
        json = read_jsonb(value);
    } else {
        if (encoder->converter->kind == Kind::Text) // json_in raises for what is no JSON
            value = DirectFunctionCall1(json_in, CStringGetDatum(TextDatumGetCString(value)));
        json = read_json(value);
    }
    if (json->kind != JsonValue::Kind::Object)
        ereport(ERROR, (errcode(ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST),
                        errmsg("a value of column \"%s\" is no JSON object, as a document must be", encoder->column)));
    return json;
}

void encode_document(const Encoder *encoder, BsonWriter *writer, Datum value, bool *has_id) {
    *has_id = false;
    if (encoder->converter->kind == Kind::Bytea) {
        bytea *from = DatumGetByteaPP(value);
        const uint8_t *data = reinterpret_cast<const uint8_t *>(VARDATA_ANY(from));
        uint32_t size = VARSIZE_ANY_EXHDR(from);
        check_document(encoder, data, size);
        *has_id = field_of(data, size, "_id").type != BsonType::Missing;
        write_bytes(writer, data + 4, size - 5);
        return;
    }
    const JsonValue *json = json_of_document(encoder, value);
    bool legacy = encoder->converter->rules.json_form == JsonForm::Legacy;
    for (const JsonValue *member = json->first; member; member = member->next) {
        *has_id = *has_id || (member->key.length == 3 && memcmp(member->key.text, "_id", 3) == 0);
        write_json(writer, member->key, member, legacy, encoder->place);
    }
}

} // namespace mongo_fdw
