// JSON to BSON. Zone B.
//
// A number is int32 or int64 where it is written as an integer that fits, a double where the shortest decimal of one is
// the same number, else a Decimal128: no digit changes. Objects that Extended JSON v2 gives a meaning become that type.
#include "convert/from_json.hpp"

namespace mongo_fdw {
namespace {

// --- reading the type json ---

struct TextReader {
    const char *at;
    const char *end;
};

void skip_blanks(TextReader *reader) {
    while (reader->at < reader->end && strchr(" \t\n\r", *reader->at))
        reader->at++;
}

unsigned hex4(const char *text) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

// The text between the quotes at reader->at, escapes replaced.
void read_text(TextReader *reader, const char **text, uint32_t *length) {
    const char *from = ++reader->at;
    bool escaped = false;
    while (reader->at < reader->end && *reader->at != '"') {
        escaped = escaped || *reader->at == '\\';
        reader->at += *reader->at == '\\' ? 2 : 1;
    }
    const char *to = reader->at++;
    *text = from;
    *length = static_cast<uint32_t>(to - from);
    if (!escaped)
        return;
    char *out = static_cast<char *>(palloc(*length + 1));
    uint32_t size = 0;
    while (from < to) {
        if (*from != '\\') {
            out[size++] = *from++;
            continue;
        }
        static const char kFrom[] = "\"\\/bfnrt", kTo[] = "\"\\/\b\f\n\r\t";
        if (const char *simple = from[1] == 'u' ? nullptr : strchr(kFrom, from[1])) {
            out[size++] = kTo[simple - kFrom];
            from += 2;
            continue;
        }
        unsigned code = hex4(from + 2);
        from += 6;
        if (code >= 0xD800 && code < 0xDC00 && from + 6 <= to && from[0] == '\\' && from[1] == 'u') {
            unsigned low = hex4(from + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                from += 6;
            }
        }
        if (code >= 0xD800 && code < 0xE000)
            ereport(ERROR, (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
                            errmsg("a JSON string holds half of a surrogate pair, which is no character"),
                            errdetail("The half is \\u%04X.", code)));
        unsigned char bytes[4];
        unicode_to_utf8(code, bytes);
        int width = pg_utf_mblen(bytes);
        memcpy(out + size, bytes, width); // never longer than the escape
        size += width;
    }
    *text = out;
    *length = size;
}

void read_value(TextReader *reader, JsonValue *value);

// Members of an object or elements of an array, from the opening bracket on.
void read_members(TextReader *reader, JsonValue *value, char close) {
    bool object = close == '}';
    JsonValue **end = &value->first;
    reader->at++;
    skip_blanks(reader);
    while (reader->at < reader->end && *reader->at != close) {
        JsonValue *member = static_cast<JsonValue *>(palloc0(sizeof(JsonValue)));
        if (object) {
            read_text(reader, &member->key.text, &member->key.length);
            skip_blanks(reader);
            reader->at++; // the colon
        }
        read_value(reader, member);
        *end = member;
        end = &member->next;
        value->count++;
        skip_blanks(reader);
        if (reader->at < reader->end && *reader->at == ',') {
            reader->at++;
            skip_blanks(reader);
        }
    }
    reader->at++;
}

void read_value(TextReader *reader, JsonValue *value) {
    using Kind = JsonValue::Kind;
    check_stack_depth();
    skip_blanks(reader);
    const char *from = reader->at;
    switch (*from) {
    case '{':
        value->kind = Kind::Object;
        read_members(reader, value, '}');
        return;
    case '[':
        value->kind = Kind::Array;
        read_members(reader, value, ']');
        return;
    case '"':
        value->kind = Kind::String;
        read_text(reader, &value->text, &value->length);
        return;
    case 'n':
        value->kind = Kind::Null;
        reader->at += 4;
        return;
    case 't':
        value->kind = Kind::True;
        reader->at += 4;
        return;
    case 'f':
        value->kind = Kind::False;
        reader->at += 5;
        return;
    }
    while (reader->at < reader->end && (isalnum(static_cast<unsigned char>(*reader->at)) || *reader->at == '-' ||
                                        *reader->at == '+' || *reader->at == '.'))
        reader->at++;
    value->kind = Kind::Number;
    value->text = pnstrdup(from, reader->at - from);
}

// --- reading the type jsonb ---

void take_text(const char *text, int length, const char **out, uint32_t *out_length) {
    char *utf8 = pg_server_to_any(text, length, PG_UTF8);
    *out = utf8;
    *out_length = utf8 == text ? static_cast<uint32_t>(length) : static_cast<uint32_t>(strlen(utf8));
}

void take_scalar(const JsonbValue &from, JsonValue *value) {
    using Kind = JsonValue::Kind;
    switch (from.type) {
    case jbvString:
        value->kind = Kind::String;
        take_text(from.val.string.val, from.val.string.len, &value->text, &value->length);
        return;
    case jbvNumeric:
        value->kind = Kind::Number;
        value->text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(from.val.numeric)));
        return;
    case jbvBool:
        value->kind = from.val.boolean ? Kind::True : Kind::False;
        return;
    default:
        value->kind = Kind::Null;
        return;
    }
}

void read_container(JsonbIterator **iterator, JsonValue *value) {
    check_stack_depth();
    JsonbValue item;
    JsonValue **end = &value->first;
    FieldKey key{};
    for (;;) {
        JsonbIteratorToken token = JsonbIteratorNext(iterator, &item, false);
        if (token == WJB_END_ARRAY || token == WJB_END_OBJECT || token == WJB_DONE)
            return;
        if (token == WJB_KEY) {
            take_text(item.val.string.val, item.val.string.len, &key.text, &key.length);
            continue;
        }
        JsonValue *member = static_cast<JsonValue *>(palloc0(sizeof(JsonValue)));
        member->key = key;
        *end = member;
        end = &member->next;
        value->count++;
        if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT) {
            member->kind = token == WJB_BEGIN_ARRAY ? JsonValue::Kind::Array : JsonValue::Kind::Object;
            read_container(iterator, member);
        } else {
            take_scalar(item, member);
        }
    }
}

// --- numbers ---

bool int64_of(const char *text, int64_t *value) {
    if (*text == '\0' || strpbrk(text, ".eE"))
        return false;
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && end != text;
}

void write_integer(BsonWriter *writer, FieldKey key, int64_t value) {
    if (value >= PG_INT32_MIN && value <= PG_INT32_MAX) {
        write_key(writer, BsonType::Int32, key);
        write_le(writer, static_cast<int32_t>(value));
    } else {
        write_key(writer, BsonType::Int64, key);
        write_le(writer, value);
    }
}

void write_number(BsonWriter *writer, FieldKey key, const char *text, const char *place) {
    int64_t integer;
    if (int64_of(text, &integer)) {
        write_integer(writer, key, integer);
        return;
    }
    double number = strtod(text, nullptr);
    if (!isinf(number) && is_shortest_decimal(text, number)) {
        write_key(writer, BsonType::Double, key);
        write_le(writer, number);
        return;
    }
    uint8_t decimal[16];
    if (!decimal128_of_text(text, decimal))
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("a number in %s has no BSON form", place),
                        errdetail("A Decimal128 holds 34 digits; the number is %.60s%s.", text,
                                  strlen(text) > 60 ? "..." : "")));
    write_key(writer, BsonType::Decimal128, key);
    write_bytes(writer, decimal, sizeof decimal);
}

} // namespace

bool write_number_as(BsonWriter *writer, FieldKey key, const char *text, BsonType type) {
    constexpr double kExact = 0x1p53;
    double number = strtod(text, nullptr);
    bool exact = !isinf(number) && is_shortest_decimal(text, number);
    int64_t integer;
    bool integral = int64_of(text, &integer);
    if (!integral && exact && fabs(number) < kExact && number == trunc(number)) {
        integer = static_cast<int64_t>(number);
        integral = true;
    }
    uint8_t decimal[16];
    switch (type) {
    case BsonType::Int32:
        if (!integral || integer < PG_INT32_MIN || integer > PG_INT32_MAX)
            return false;
        write_key(writer, type, key);
        write_le(writer, static_cast<int32_t>(integer));
        return true;
    case BsonType::Int64:
        if (!integral)
            return false;
        write_key(writer, type, key);
        write_le(writer, integer);
        return true;
    case BsonType::Double:
        if (!exact)
            return false;
        write_key(writer, type, key);
        write_le(writer, number);
        return true;
    case BsonType::Decimal128:
        if (!decimal128_of_text(text, decimal))
            return false;
        write_key(writer, type, key);
        write_bytes(writer, decimal, sizeof decimal);
        return true;
    default:
        return false;
    }
}

namespace {

// --- Extended JSON ---

struct Context {
    BsonWriter *writer;
    FieldKey key;
    const char *place;
    bool legacy;
};

const JsonValue *member_of(const JsonValue *object, const char *name) {
    if (object->kind != JsonValue::Kind::Object)
        return nullptr;
    for (const JsonValue *member = object->first; member; member = member->next)
        if (member->key.length == strlen(name) && memcmp(member->key.text, name, member->key.length) == 0)
            return member;
    return nullptr;
}

bool is_string(const JsonValue *value) { return value && value->kind == JsonValue::Kind::String; }

const char *c_text(const JsonValue *value) { return pnstrdup(value->text, value->length); }

// The text of a number given as a string or as a number; "" for what is none.
const char *number_text(const JsonValue *value) {
    if (!value || (is_string(value) && memchr(value->text, 0, value->length)))
        return "";
    return value->kind == JsonValue::Kind::Number ? value->text : is_string(value) ? c_text(value) : "";
}

bool hex_bytes(const JsonValue *value, uint8_t *out, uint32_t count) {
    if (!is_string(value) || value->length != 2 * count)
        return false;
    for (uint32_t i = 0; i < 2 * count; i++)
        if (!isxdigit(static_cast<unsigned char>(value->text[i])))
            return false;
    for (uint32_t i = 0; i < count; i++) {
        char pair[5] = {'0', '0', value->text[2 * i], value->text[2 * i + 1], 0};
        out[i] = static_cast<uint8_t>(hex4(pair));
    }
    return true;
}

// The bytes of base64 in the current memory context; null for what is none.
uint8_t *base64_bytes(const JsonValue *value, uint32_t *size) {
    static const char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!is_string(value))
        return nullptr;
    uint32_t length = value->length;
    while (length > 0 && value->text[length - 1] == '=' && value->length - length < 2)
        length--;
    if (length % 4 == 1 || (length != value->length && value->length % 4 != 0))
        return nullptr;
    uint8_t *out = static_cast<uint8_t *>(palloc(length + 1));
    unsigned bits = 0, count = 0;
    *size = 0;
    for (uint32_t i = 0; i < length; i++) {
        const char *digit = value->text[i] ? strchr(kDigits, value->text[i]) : nullptr;
        if (!digit)
            return nullptr;
        bits = bits << 6 | static_cast<unsigned>(digit - kDigits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[(*size)++] = static_cast<uint8_t>(bits >> count);
        }
    }
    return out;
}

bool write_oid(const Context &context, const JsonValue *object) {
    uint8_t bytes[12];
    if (!hex_bytes(object->first, bytes, sizeof bytes))
        return false;
    write_key(context.writer, BsonType::ObjectId, context.key);
    write_bytes(context.writer, bytes, sizeof bytes);
    return true;
}

bool write_int32(const Context &context, const JsonValue *object) {
    int64_t value;
    if (!int64_of(number_text(object->first), &value) || value < PG_INT32_MIN || value > PG_INT32_MAX)
        return false;
    write_key(context.writer, BsonType::Int32, context.key);
    write_le(context.writer, static_cast<int32_t>(value));
    return true;
}

bool write_int64(const Context &context, const JsonValue *object) {
    int64_t value;
    if (!int64_of(number_text(object->first), &value))
        return false;
    write_key(context.writer, BsonType::Int64, context.key);
    write_le(context.writer, value);
    return true;
}

bool write_double(const Context &context, const JsonValue *object) {
    const char *text = number_text(object->first);
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || isspace(static_cast<unsigned char>(*text)))
        return false;
    if (isinf(value) && !strchr(text, 'n') && !strchr(text, 'N')) // only what says infinity is
        return false;
    if (isnan(value)) // the sign of strtod's NaN is nobody's
        value = get_float8_nan();
    write_key(context.writer, BsonType::Double, context.key);
    write_le(context.writer, value);
    return true;
}

bool write_decimal(const Context &context, const JsonValue *object) {
    uint8_t bytes[16];
    if (!decimal128_of_text(number_text(object->first), bytes))
        return false;
    write_key(context.writer, BsonType::Decimal128, context.key);
    write_bytes(context.writer, bytes, sizeof bytes);
    return true;
}

// Milliseconds of a date as relaxed Extended JSON writes it: RFC 3339 with at most three digits of a second.
bool milliseconds_of(const JsonValue *value, int64_t *ms) {
    if (!is_string(value))
        return false;
    int year, month, day, hour, minute, second = 0, used = 0;
    const char *text = c_text(value);
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d%n", &year, &month, &day, &hour, &minute, &used) != 5)
        return false;
    text += used;
    int64_t fraction = 0;
    if (*text == ':') {
        if (sscanf(text, ":%2d%n", &second, &used) != 1)
            return false;
        text += used;
        if (*text == '.') {
            int64_t unit = 100;
            for (text++; isdigit(static_cast<unsigned char>(*text)); text++, unit /= 10) {
                if (unit == 0 && *text != '0')
                    return false;
                fraction += (*text - '0') * unit;
            }
        }
    }
    int64_t offset = 0;
    if (*text == 'Z') {
        text++;
    } else if (*text == '+' || *text == '-') {
        int hours, minutes;
        if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
            sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &used) != 2)
            return false;
        if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59)
            return false;
        offset = (*text == '-' ? -1 : 1) * (hours * 60 + minutes);
        text += 1 + used;
    } else {
        return false;
    }
    bool negative = hour < 0 || minute < 0 || second < 0;
    if (*text || negative || year < 1 || month < 1 || month > 12 || day < 1 || day > day_tab[isleap(year)][month - 1] ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t days = date2j(year, month, day) - UNIX_EPOCH_JDATE;
    *ms = ((days * 24 + hour) * 60 + minute - offset) * 60000 + second * 1000 + fraction;
    return true;
}

bool write_date(const Context &context, const JsonValue *object) {
    const JsonValue *value = object->first;
    const JsonValue *number = member_of(value, "$numberLong");
    int64_t ms;
    bool known = number && value->count == 1              ? int64_of(number_text(number), &ms)
                 : value->kind == JsonValue::Kind::Number ? int64_of(value->text, &ms) // the older spelling
                                                          : milliseconds_of(value, &ms);
    if (!known)
        return false;
    write_key(context.writer, BsonType::Date, context.key);
    write_le(context.writer, ms);
    return true;
}

// {"$binary": {"base64", "subType"}}, and {"$binary": base64, "$type": subtype}.
bool write_binary_object(const Context &context, const JsonValue *object) {
    const JsonValue *inner = member_of(object, "$binary"), *kind = member_of(object, "$type");
    bool old = is_string(inner);
    if (old != (kind != nullptr) || (!old && inner->count != 2))
        return false;
    uint32_t size;
    const JsonValue *subtype = old ? kind : member_of(inner, "subType");
    uint8_t *data = base64_bytes(old ? inner : member_of(inner, "base64"), &size);
    if (!data || !is_string(subtype) || subtype->length < 1 || subtype->length > 2)
        return false;
    char *end;
    const char *text = c_text(subtype);
    unsigned long number = strtoul(text, &end, 16);
    if (*end != '\0')
        return false;
    write_key(context.writer, BsonType::Binary, context.key);
    write_binary(context.writer, static_cast<uint8_t>(number), data, size);
    return true;
}

bool write_uuid_object(const Context &context, const JsonValue *object) {
    uint8_t bytes[16];
    char digits[33];
    int count = 0;
    if (!is_string(object->first))
        return false;
    for (uint32_t i = 0; i < object->first->length && count < 33; i++)
        if (object->first->text[i] != '-')
            digits[count++] = object->first->text[i];
    JsonValue hex = *object->first;
    hex.text = digits;
    hex.length = static_cast<uint32_t>(count);
    if (!hex_bytes(&hex, bytes, sizeof bytes))
        return false;
    write_key(context.writer, BsonType::Binary, context.key);
    write_binary(context.writer, 4, bytes, sizeof bytes);
    return true;
}

bool write_timestamp(const Context &context, const JsonValue *object) {
    int64_t seconds, increment;
    const JsonValue *inner = object->first;
    const JsonValue *t = member_of(inner, "t"), *i = member_of(inner, "i");
    if (!t || !i || inner->count != 2 || !int64_of(number_text(t), &seconds) || !int64_of(number_text(i), &increment) ||
        seconds < 0 || seconds > PG_UINT32_MAX || increment < 0 || increment > PG_UINT32_MAX)
        return false;
    write_key(context.writer, BsonType::Timestamp, context.key);
    write_le(context.writer, static_cast<uint32_t>(increment));
    write_le(context.writer, static_cast<uint32_t>(seconds));
    return true;
}

// The pattern and options of a regular expression end with NUL each: neither may hold one.
bool write_pattern(const Context &context, const JsonValue *pattern, const JsonValue *flags) {
    if (!is_string(pattern) || !is_string(flags) || memchr(pattern->text, 0, pattern->length) ||
        memchr(flags->text, 0, flags->length))
        return false;
    write_key(context.writer, BsonType::Regex, context.key);
    write_bytes(context.writer, pattern->text, pattern->length);
    write_bytes(context.writer, "", 1);
    write_bytes(context.writer, flags->text, flags->length);
    write_bytes(context.writer, "", 1);
    return true;
}

bool write_regex(const Context &context, const JsonValue *object) {
    const JsonValue *inner = object->first;
    return inner->count == 2 && write_pattern(context, member_of(inner, "pattern"), member_of(inner, "options"));
}

bool write_old_regex(const Context &context, const JsonValue *object) {
    return write_pattern(context, member_of(object, "$regex"), member_of(object, "$options"));
}

bool write_text_type(const Context &context, BsonType type, const JsonValue *value) {
    if (!is_string(value))
        return false;
    write_key(context.writer, type, context.key);
    write_text(context.writer, value->text, value->length);
    return true;
}

bool write_symbol(const Context &context, const JsonValue *object) {
    return write_text_type(context, BsonType::Symbol, object->first);
}

bool write_code(const Context &context, const JsonValue *object) {
    const JsonValue *code = member_of(object, "$code"), *scope = member_of(object, "$scope");
    if (!scope)
        return write_text_type(context, BsonType::Code, code);
    if (!is_string(code) || scope->kind != JsonValue::Kind::Object)
        return false;
    write_key(context.writer, BsonType::CodeWithScope, context.key);
    int start = context.writer->buffer.len;
    write_le<int32_t>(context.writer, 0);
    write_text(context.writer, code->text, code->length);
    int inner = begin_document(context.writer);
    for (const JsonValue *member = scope->first; member; member = member->next)
        write_json(context.writer, member->key, member, context.legacy, context.place);
    end_document(context.writer, inner);
    int32_t size = context.writer->buffer.len - start;
    memcpy(context.writer->buffer.data + start, &size, sizeof size);
    return true;
}

template <BsonType type, bool one> bool write_marker(const Context &context, const JsonValue *object) {
    const JsonValue *value = object->first;
    bool fits = one ? value->kind == JsonValue::Kind::Number && strcmp(value->text, "1") == 0
                    : value->kind == JsonValue::Kind::True;
    if (fits)
        write_key(context.writer, type, context.key);
    return fits;
}

bool write_pointer(const Context &context, const JsonValue *object) {
    const JsonValue *inner = object->first;
    const JsonValue *reference = member_of(inner, "$ref"), *id = member_of(inner, "$id");
    uint8_t bytes[12];
    if (inner->count != 2 || !is_string(reference) || !id ||
        !hex_bytes(member_of(id, "$oid") ? member_of(id, "$oid") : id, bytes, sizeof bytes))
        return false;
    write_key(context.writer, BsonType::DbPointer, context.key);
    write_text(context.writer, reference->text, reference->length);
    write_bytes(context.writer, bytes, sizeof bytes);
    return true;
}

struct ExtendedRow {
    const char *name;
    const char *second; // another key that may or must stand beside it
    bool needs_second;
    bool legacy; // read only where legacy spellings are
    bool (*write)(const Context &context, const JsonValue *object);
};

// The objects of Extended JSON v2, with the older forms that its specification lets readers take.
constexpr ExtendedRow kExtended[] = {
    {"$oid", nullptr, false, false, write_oid},
    {"$numberInt", nullptr, false, false, write_int32},
    {"$numberLong", nullptr, false, false, write_int64},
    {"$numberDouble", nullptr, false, false, write_double},
    {"$numberDecimal", nullptr, false, false, write_decimal},
    {"$date", nullptr, false, false, write_date},
    {"$binary", "$type", false, false, write_binary_object},
    {"$uuid", nullptr, false, false, write_uuid_object},
    {"$timestamp", nullptr, false, false, write_timestamp},
    {"$regularExpression", nullptr, false, false, write_regex},
    {"$regex", "$options", true, true, write_old_regex},
    {"$symbol", nullptr, false, false, write_symbol},
    {"$code", "$scope", false, false, write_code},
    {"$minKey", nullptr, false, false, write_marker<BsonType::MinKey, true>},
    {"$maxKey", nullptr, false, false, write_marker<BsonType::MaxKey, true>},
    {"$undefined", nullptr, false, false, write_marker<BsonType::Undefined, false>},
    {"$dbPointer", nullptr, false, false, write_pointer},
};

// The row that an object is spelled by; null for an ordinary document.
const ExtendedRow *row_of(const JsonValue *object, bool legacy) {
    if (object->count < 1 || object->count > 2)
        return nullptr;
    for (const ExtendedRow &row : kExtended) {
        if ((row.legacy && !legacy) || !member_of(object, row.name))
            continue;
        bool second = row.second && object->count == 2 && member_of(object, row.second);
        if (second || (object->count == 1 && !row.needs_second))
            return &row;
    }
    return nullptr;
}

} // namespace

const JsonValue *read_json(Datum json) {
    text *from = DatumGetTextPP(json);
    char *text = pnstrdup(VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from));
    char *utf8 = pg_server_to_any(text, VARSIZE_ANY_EXHDR(from), PG_UTF8);
    TextReader reader{utf8, utf8 + strlen(utf8)};
    JsonValue *value = static_cast<JsonValue *>(palloc0(sizeof(JsonValue)));
    read_value(&reader, value);
    return value;
}

const JsonValue *read_jsonb(Datum jsonb) {
    Jsonb *from = DatumGetJsonbP(jsonb);
    JsonbIterator *iterator = JsonbIteratorInit(&from->root);
    JsonbValue item;
    JsonValue *value = static_cast<JsonValue *>(palloc0(sizeof(JsonValue)));
    JsonbIteratorToken token = JsonbIteratorNext(&iterator, &item, false);
    if (token == WJB_BEGIN_ARRAY && item.val.array.rawScalar) {
        JsonbIteratorNext(&iterator, &item, false);
        take_scalar(item, value);
        return value;
    }
    value->kind = token == WJB_BEGIN_ARRAY ? JsonValue::Kind::Array : JsonValue::Kind::Object;
    read_container(&iterator, value);
    return value;
}

bool is_extended(const JsonValue *value, bool legacy) {
    return value->kind == JsonValue::Kind::Object && row_of(value, legacy);
}

// The first member of an object, for messages.
static const char *shown_object(const JsonValue *value) {
    const JsonValue *first = value->first;
    if (!first)
        return "{}";
    const char *key = pnstrdup(first->key.text, Min(first->key.length, 40));
    bool scalar = first->kind == JsonValue::Kind::String || first->kind == JsonValue::Kind::Number;
    const char *text = !scalar ? "..."
                       : first->kind == JsonValue::Kind::String
                           ? psprintf("\"%s\"", pnstrdup(first->text, Min(first->length, 40)))
                           : pnstrdup(first->text, 40);
    return psprintf("{\"%s\": %s%s}", key, text, first->next ? ", ..." : "");
}

void write_json(BsonWriter *writer, FieldKey key, const JsonValue *value, bool legacy, const char *place) {
    using Kind = JsonValue::Kind;
    check_stack_depth();
    if (memchr(key.text, 0, key.length))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a key in %s holds a NUL character, which no BSON key may", place),
                        errdetail("The key begins with \"%.60s\".", key.text)));
    switch (value->kind) {
    case Kind::Null:
        write_null(writer, key);
        return;
    case Kind::True:
    case Kind::False: {
        write_key(writer, BsonType::Bool, key);
        char truth = value->kind == Kind::True;
        write_bytes(writer, &truth, 1);
        return;
    }
    case Kind::Number:
        write_number(writer, key, value->text, place);
        return;
    case Kind::String:
        write_key(writer, BsonType::String, key);
        write_text(writer, value->text, value->length);
        return;
    case Kind::Array: {
        write_key(writer, BsonType::Array, key);
        int start = begin_document(writer);
        uint32_t index = 0;
        for (const JsonValue *element = value->first; element; element = element->next)
            write_json(writer, IndexKey(index++).key, element, legacy, place);
        end_document(writer, start);
        return;
    }
    case Kind::Object:
        break;
    }
    if (const ExtendedRow *row = row_of(value, legacy)) {
        if (!row->write({writer, key, place, legacy}, value))
            ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                            errmsg("an object with the key \"%s\" in %s is no valid Extended JSON", row->name, place),
                            errdetail("It is the value of field \"%.60s\": %s.", pnstrdup(key.text, key.length),
                                      shown_object(value))));
        return;
    }
    write_key(writer, BsonType::Document, key);
    int start = begin_document(writer);
    for (const JsonValue *member = value->first; member; member = member->next)
        write_json(writer, member->key, member, legacy, place);
    end_document(writer, start);
}

} // namespace mongo_fdw
