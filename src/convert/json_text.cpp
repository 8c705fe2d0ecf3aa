// The JSON writer: nodes as text. Zone B.
#include "convert/json.hpp"
#include "convert/text.hpp"

namespace mongo_fdw {
namespace {

constexpr int kMaxDepth = 256; // MongoDB nests to 100

// The inside of a JSON string; text is in the server encoding.
void append_escaped(StringInfo out, const char *text, uint32_t length) {
    static const char kHex[] = "0123456789abcdef";
    uint32_t from = 0;
    for (uint32_t i = 0; i < length; i++) {
        unsigned char c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        appendBinaryStringInfo(out, text + from, i - from);
        from = i + 1;
        appendStringInfoChar(out, '\\');
        switch (c) {
        case '"':
        case '\\':
            appendStringInfoChar(out, static_cast<char>(c));
            break;
        case '\b':
            appendStringInfoChar(out, 'b');
            break;
        case '\f':
            appendStringInfoChar(out, 'f');
            break;
        case '\n':
            appendStringInfoChar(out, 'n');
            break;
        case '\r':
            appendStringInfoChar(out, 'r');
            break;
        case '\t':
            appendStringInfoChar(out, 't');
            break;
        default:
            appendStringInfoString(out, "u00");
            appendStringInfoChar(out, kHex[c >> 4]);
            appendStringInfoChar(out, kHex[c & 15]);
        }
    }
    appendBinaryStringInfo(out, text + from, length - from);
}

JsonFault append_string(StringInfo out, const char *text, uint32_t length, bool checked) {
    appendStringInfoChar(out, '"');
    if (checked || is_plain_ascii(text, length)) {
        append_escaped(out, text, length);
    } else {
        // NUL is written as an escape (json keeps it, jsonb cannot); what lies between is converted piece by piece.
        for (uint32_t from = 0; from <= length;) {
            const char *piece = text + from;
            uint32_t size = strnlen(piece, length - from);
            from += size + 1;
            if (to_server_text(&piece, &size) != TextFault::None)
                return JsonFault::Encoding;
            append_escaped(out, piece, size);
            if (from <= length)
                appendStringInfoString(out, "\\u0000");
        }
    }
    appendStringInfoChar(out, '"');
    return JsonFault::None;
}

JsonFault append_node(StringInfo out, const JsonNode &node, JsonForm form, Arena *arena, int depth);

JsonFault append_value(StringInfo out, const BsonValue &value, JsonForm form, Arena *arena, int depth) {
    JsonNode node;
    json_node_of(value, form, arena, &node);
    return append_node(out, node, form, arena, depth);
}

JsonFault append_container(StringInfo out, const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    bool document = node.kind == JsonNode::Kind::Document;
    BsonReader reader(node.data, node.length);
    bool first = true;
    appendStringInfoChar(out, document ? '{' : '[');
    while (reader.next()) {
        if (!first)
            appendStringInfoString(out, ", ");
        first = false;
        if (document) {
            JsonFault fault = append_string(out, reader.key(), reader.key_length(), false);
            if (fault != JsonFault::None)
                return fault;
            appendStringInfoString(out, ": ");
        }
        JsonFault fault = append_value(out, reader.value(), form, arena, depth + 1);
        if (fault != JsonFault::None)
            return fault;
    }
    appendStringInfoChar(out, document ? '}' : ']');
    return reader.malformed() ? JsonFault::Malformed : JsonFault::None;
}

JsonFault append_node(StringInfo out, const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    JsonFault fault;
    if (depth > kMaxDepth)
        return JsonFault::TooDeep;
    switch (node.kind) {
    case JsonNode::Kind::Null:
        appendBinaryStringInfo(out, "null", 4);
        return JsonFault::None;
    case JsonNode::Kind::True:
        appendBinaryStringInfo(out, "true", 4);
        return JsonFault::None;
    case JsonNode::Kind::False:
        appendBinaryStringInfo(out, "false", 5);
        return JsonFault::None;
    case JsonNode::Kind::String:
        return append_string(out, node.text, node.length, node.checked);
    case JsonNode::Kind::Number:
        append_number(out, node.number);
        return JsonFault::None;
    case JsonNode::Kind::Document:
    case JsonNode::Kind::Array:
        return append_container(out, node, form, arena, depth);
    case JsonNode::Kind::List:
        appendStringInfoChar(out, '[');
        for (uint32_t i = 0; i < node.length; i++) {
            if (i)
                appendStringInfoString(out, ", ");
            fault = append_value(out, node.values[i], form, arena, depth + 1);
            if (fault != JsonFault::None)
                return fault;
        }
        appendStringInfoChar(out, ']');
        return JsonFault::None;
    case JsonNode::Kind::Items:
    case JsonNode::Kind::Object:
        appendStringInfoChar(out, node.kind == JsonNode::Kind::Object ? '{' : '[');
        for (uint32_t i = 0; i < node.length; i++) {
            if (i)
                appendStringInfoString(out, ", ");
            if (node.kind == JsonNode::Kind::Object) {
                append_string(out, node.members[i].key, strlen(node.members[i].key), true);
                appendStringInfoString(out, ": ");
            }
            fault = append_node(out, node.members[i].node, form, arena, depth + 1);
            if (fault != JsonFault::None)
                return fault;
        }
        appendStringInfoChar(out, node.kind == JsonNode::Kind::Object ? '}' : ']');
        return JsonFault::None;
    }
    return JsonFault::Malformed;
}

} // namespace

JsonFault append_json(StringInfo out, const JsonNode &node, JsonForm form, Arena *arena) {
    return append_node(out, node, form, arena, 0);
}

} // namespace mongo_fdw
