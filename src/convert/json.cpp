// The forms of json_format: which JSON stands for which BSON value. Zone B.
#include "convert/json.hpp"

namespace mongo_fdw {
namespace {

char *arena_text(Arena *arena, const char *text, Size length) {
    char *copy = static_cast<char *>(arena_alloc(arena, length + 1));
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void set_string(JsonNode *node, const char *text, uint32_t length, bool checked) {
    node->kind = JsonNode::Kind::String;
    node->text = text;
    node->length = length;
    node->checked = checked;
}

// A string node over the text that a StringInfo holds.
void set_built(JsonNode *node, Arena *arena, const StringInfoData &built) {
    set_string(node, arena_text(arena, built.data, built.len), built.len, true);
}

JsonMember *make_object(JsonNode *node, Arena *arena, uint32_t members) {
    JsonMember *list = static_cast<JsonMember *>(arena_alloc(arena, sizeof(JsonMember) * members));
    node->kind = JsonNode::Kind::Object;
    node->length = members;
    node->members = list;
    return list;
}

// {"key": "text"}
void wrap_built(JsonNode *node, Arena *arena, const char *key, const StringInfoData &built) {
    JsonMember *member = make_object(node, arena, 1);
    member->key = key;
    set_built(&member->node, arena, built);
}

void wrap_text(JsonNode *node, Arena *arena, const char *key, const char *text, uint32_t length) {
    JsonMember *member = make_object(node, arena, 1);
    member->key = key;
    set_string(&member->node, text, length, false);
}

void set_int(JsonNode *node, int64_t value) {
    node->kind = JsonNode::Kind::Number;
    decimal_of_int64(value, &node->number);
}

void hex_text(JsonNode *node, Arena *arena, const uint8_t *data, int count) {
    static const char kHex[] = "0123456789abcdef";
    char *text = static_cast<char *>(arena_alloc(arena, count * 2 + 1));
    for (int i = 0; i < count; i++) {
        text[2 * i] = kHex[data[i] >> 4];
        text[2 * i + 1] = kHex[data[i] & 15];
    }
    text[2 * count] = '\0';
    set_string(node, text, count * 2, true);
}

void append_base64(StringInfo out, const uint8_t *data, uint32_t size) {
    static const char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (uint32_t i = 0; i < size; i += 3) {
        uint32_t left = size - i;
        uint32_t word = data[i] << 16 | (left > 1 ? data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
        appendStringInfoChar(out, kDigits[word >> 18]);
        appendStringInfoChar(out, kDigits[(word >> 12) & 63]);
        appendStringInfoChar(out, left > 1 ? kDigits[(word >> 6) & 63] : '=');
        appendStringInfoChar(out, left > 2 ? kDigits[word & 63] : '=');
    }
}

void set_double(JsonNode *node, double value, JsonForm form, Arena *arena) {
    constexpr int kInt64Digits = 19;
    Decimal number;
    decimal_of_double(value, &number);
    if (number.special == Special::Finite && form != JsonForm::Canonical) {
        node->kind = JsonNode::Kind::Number;
        if (form != JsonForm::Simple && number.exponent >= 0 && number.digit_count + number.exponent <= kInt64Digits) {
            // The specification writes an integral double with ".0", so that it stays a double: whatever int64 might
            // hold would come back as one.
            while (number.exponent > 0) {
                number.digits[number.digit_count++] = '0';
                number.exponent--;
            }
            number.digits[number.digit_count++] = '0';
            number.exponent = -1;
        }
        node->number = number;
        return;
    }
    StringInfoData text;
    initStringInfo(&text);
    if (number.special != Special::Finite) {
        append_decimal128_string(&text, number);
    } else {
        append_number(&text, number);
        if (number.exponent >= 0 && !strchr(text.data, 'e'))
            appendStringInfoString(&text, ".0");
    }
    wrap_built(node, arena, "$numberDouble", text);
    pfree(text.data);
}

void set_decimal128(JsonNode *node, const uint8_t *data, JsonForm form, Arena *arena) {
    Decimal number;
    decimal_of_decimal128(data, &number);
    if (form == JsonForm::Simple && number.special == Special::Finite) {
        node->kind = JsonNode::Kind::Number;
        node->number = number;
        return;
    }
    StringInfoData text;
    initStringInfo(&text);
    append_decimal128_string(&text, number);
    wrap_built(node, arena, form == JsonForm::Simple ? "$numberDouble" : "$numberDecimal", text);
    pfree(text.data);
}

void set_integer(JsonNode *node, int64_t value, const char *canonical_key, JsonForm form, Arena *arena) {
    if (form != JsonForm::Canonical) {
        set_int(node, value);
        return;
    }
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, INT64_FORMAT, value);
    wrap_built(node, arena, canonical_key, text);
    pfree(text.data);
}

void set_date(JsonNode *node, int64_t ms, JsonForm form, Arena *arena) {
    constexpr int64_t kYear10000 = 253402300800000;
    StringInfoData text;
    initStringInfo(&text);
    if (form == JsonForm::Simple) {
        append_iso_date(&text, ms);
        set_built(node, arena, text);
    } else if (form == JsonForm::Relaxed && ms >= 0 && ms < kYear10000) {
        append_iso_date(&text, ms);
        wrap_built(node, arena, "$date", text);
    } else {
        JsonMember *member = make_object(node, arena, 1);
        member->key = "$date";
        if (form == JsonForm::Legacy)
            set_int(&member->node, ms);
        else
            set_integer(&member->node, ms, "$numberLong", JsonForm::Canonical, arena);
    }
    pfree(text.data);
}

void set_binary(JsonNode *node, const BsonValue &value, JsonForm form, Arena *arena) {
    uint32_t size = read_le<uint32_t>(value.data);
    uint8_t subtype = value.data[4];
    const uint8_t *data = value.data + 5;
    StringInfoData text;
    initStringInfo(&text);
    if (form == JsonForm::Simple && subtype == 4 && size == 16) {
        for (int i = 0; i < 16; i++)
            appendStringInfo(&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", data[i]);
        set_built(node, arena, text);
        pfree(text.data);
        return;
    }
    if (subtype == 2 && size >= 4) { // the old form repeats the length
        data += 4;
        size -= 4;
    }
    append_base64(&text, data, size);
    JsonNode base64, type;
    set_built(&base64, arena, text);
    resetStringInfo(&text);
    appendStringInfo(&text, "%02x", subtype);
    set_built(&type, arena, text);
    pfree(text.data);
    if (form == JsonForm::Legacy) {
        JsonMember *members = make_object(node, arena, 2);
        members[0] = {"$binary", base64};
        members[1] = {"$type", type};
        return;
    }
    JsonMember *outer = make_object(node, arena, 1);
    outer->key = "$binary";
    JsonMember *members = make_object(&outer->node, arena, 2);
    members[0] = {"base64", base64};
    members[1] = {"subType", type};
}

void set_regex(JsonNode *node, const BsonValue &value, JsonForm form, Arena *arena) {
    const char *pattern = reinterpret_cast<const char *>(value.data);
    uint32_t length = strlen(pattern);
    const char *options = pattern + length + 1;
    JsonMember *members;
    if (form == JsonForm::Legacy) {
        members = make_object(node, arena, 2);
        members[0].key = "$regex";
        members[1].key = "$options";
    } else {
        JsonMember *outer = make_object(node, arena, 1);
        outer->key = "$regularExpression";
        members = make_object(&outer->node, arena, 2);
        members[0].key = "pattern";
        members[1].key = "options";
    }
    set_string(&members[0].node, pattern, length, false);
    set_string(&members[1].node, options, strlen(options), false);
}

void set_timestamp(JsonNode *node, uint64_t value, Arena *arena) {
    JsonMember *outer = make_object(node, arena, 1);
    outer->key = "$timestamp";
    JsonMember *members = make_object(&outer->node, arena, 2);
    members[0].key = "t";
    members[1].key = "i";
    set_int(&members[0].node, static_cast<int64_t>(value >> 32));
    set_int(&members[1].node, static_cast<int64_t>(value & 0xffffffff));
}

void set_object_id(JsonNode *node, const uint8_t *data, JsonForm form, Arena *arena) {
    if (form == JsonForm::Simple) {
        hex_text(node, arena, data, 12);
        return;
    }
    JsonMember *member = make_object(node, arena, 1);
    member->key = "$oid";
    hex_text(&member->node, arena, data, 12);
}

void set_code_with_scope(JsonNode *node, const BsonValue &value, Arena *arena) {
    JsonMember *members = make_object(node, arena, 2);
    members[0].key = "$code";
    members[1].key = "$scope";
    const uint8_t *end = value.data + value.size;
    int64_t size = value_size(BsonType::String, value.data + 4, end);
    if (size < 0 || value_size(BsonType::Document, value.data + 4 + size, end) < 0) {
        members[0].node.kind = members[1].node.kind = JsonNode::Kind::Null;
        return;
    }
    uint32_t length;
    const char *text = text_of({BsonType::String, value.data + 4, static_cast<uint32_t>(size)}, &length);
    set_string(&members[0].node, text, length, false);
    members[1].node.kind = JsonNode::Kind::Document;
    members[1].node.data = value.data + 4 + size;
    members[1].node.length = read_le<uint32_t>(value.data + 4 + size);
}

void set_db_pointer(JsonNode *node, const BsonValue &value, JsonForm form, Arena *arena) {
    uint32_t length;
    const char *text = text_of(value, &length);
    JsonMember *members;
    if (form == JsonForm::Legacy) {
        members = make_object(node, arena, 2);
    } else {
        JsonMember *outer = make_object(node, arena, 1);
        outer->key = "$dbPointer";
        members = make_object(&outer->node, arena, 2);
    }
    members[0].key = "$ref";
    members[1].key = "$id";
    set_string(&members[0].node, text, length, false);
    set_object_id(&members[1].node, value.data + value.size - 12, JsonForm::Canonical, arena);
}

void set_marker(JsonNode *node, Arena *arena, const char *key) {
    JsonMember *member = make_object(node, arena, 1);
    member->key = key;
    set_int(&member->node, 1);
}

} // namespace

bool json_form_of_name(const char *name, JsonForm *form) {
    static const struct {
        const char *name;
        JsonForm form;
    } kForms[] = {{"simple", JsonForm::Simple},
                  {"relaxed", JsonForm::Relaxed},
                  {"canonical", JsonForm::Canonical},
                  {"legacy", JsonForm::Legacy}};
    for (const auto &row : kForms)
        if (pg_strcasecmp(name, row.name) == 0) {
            *form = row.form;
            return true;
        }
    return false;
}

void append_iso_date(StringInfo out, int64_t ms) {
    constexpr int64_t kDay = 86400000;
    int64_t days = ms / kDay, rest = ms % kDay;
    if (rest < 0) {
        rest += kDay;
        days--;
    }
    // Civil date from days since 1970-01-01, proleptic Gregorian, by eras of 400 years.
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    if (year >= 0 && year <= 9999)
        appendStringInfo(out, "%04d", static_cast<int>(year));
    else
        appendStringInfo(out, "%c%06lld", year < 0 ? '-' : '+', static_cast<long long>(year < 0 ? -year : year));
    int second = static_cast<int>(rest / 1000);
    appendStringInfo(out, "-%02d-%02dT%02d:%02d:%02d", static_cast<int>(month), static_cast<int>(day), second / 3600,
                     second / 60 % 60, second % 60);
    if (rest % 1000)
        appendStringInfo(out, ".%03d", static_cast<int>(rest % 1000));
    appendStringInfoChar(out, 'Z');
}

void json_node_of(const BsonValue &value, JsonForm form, Arena *arena, JsonNode *node) {
    node->checked = false;
    const char *text;
    uint32_t length;
    switch (value.type) {
    case BsonType::String:
        text = text_of(value, &length);
        set_string(node, text, length, false);
        return;
    case BsonType::Int32:
        set_integer(node, read_le<int32_t>(value.data), "$numberInt", form, arena);
        return;
    case BsonType::Int64:
        set_integer(node, read_le<int64_t>(value.data), "$numberLong", form, arena);
        return;
    case BsonType::Double:
        set_double(node, read_le<double>(value.data), form, arena);
        return;
    case BsonType::Bool:
        node->kind = value.data[0] ? JsonNode::Kind::True : JsonNode::Kind::False;
        return;
    case BsonType::Null:
    case BsonType::Missing:
        node->kind = JsonNode::Kind::Null;
        return;
    case BsonType::Document:
    case BsonType::Array:
        node->kind = value.type == BsonType::Array ? JsonNode::Kind::Array : JsonNode::Kind::Document;
        node->data = value.data;
        node->length = value.size;
        return;
    case BsonType::ObjectId:
        set_object_id(node, value.data, form, arena);
        return;
    case BsonType::Date:
        set_date(node, read_le<int64_t>(value.data), form, arena);
        return;
    case BsonType::Decimal128:
        set_decimal128(node, value.data, form, arena);
        return;
    case BsonType::Binary:
        set_binary(node, value, form, arena);
        return;
    case BsonType::Regex:
        set_regex(node, value, form, arena);
        return;
    case BsonType::Timestamp:
        set_timestamp(node, read_le<uint64_t>(value.data), arena);
        return;
    case BsonType::Code:
        text = text_of(value, &length);
        wrap_text(node, arena, "$code", text, length);
        return;
    case BsonType::Symbol:
        text = text_of(value, &length);
        wrap_text(node, arena, "$symbol", text, length);
        return;
    case BsonType::CodeWithScope:
        set_code_with_scope(node, value, arena);
        return;
    case BsonType::DbPointer:
        set_db_pointer(node, value, form, arena);
        return;
    case BsonType::MinKey:
        set_marker(node, arena, "$minKey");
        return;
    case BsonType::MaxKey:
        set_marker(node, arena, "$maxKey");
        return;
    case BsonType::Undefined: {
        JsonMember *member = make_object(node, arena, 1);
        member->key = "$undefined";
        member->node.kind = JsonNode::Kind::True;
        return;
    }
    }
    node->kind = JsonNode::Kind::Null;
}

char *shown_json(const BsonValue &value) {
    StringInfoData text;
    Arena scratch{CurrentMemoryContext, nullptr, nullptr};
    JsonNode node;
    initStringInfo(&text);
    json_node_of(value, JsonForm::Relaxed, &scratch, &node);
    return append_json(&text, node, JsonForm::Relaxed, &scratch) == JsonFault::None ? text.data
                                                                                    : pstrdup("(unreadable)");
}

} // namespace mongo_fdw
