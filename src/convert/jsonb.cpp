// The jsonb writer: nodes straight to jsonb's disk format (utils/jsonb.h), without a JsonbValue tree. Zone B.
//
// A container is a count, one JEntry a child, then the children's bytes; keys of an object come first, sorted by length
// and then by bytes, each once (the last one of equal keys stays). The regression suite compares the bytes with those
// of jsonb_in.
#include "convert/json.hpp"
#include "convert/text.hpp"

#include <algorithm>

namespace mongo_fdw {
namespace {

constexpr int kMaxDepth = 256;

struct Buffer {
    char *data;
    Size size;
    Size capacity;
};

Buffer buffer; // reused from call to call, in TopMemoryContext

struct Member {
    const char *key;
    uint32_t key_length;
    uint32_t order;
    bool made; // node instead of value
    union {
        BsonValue value;
        const JsonNode *node;
    };
};

inline void reserve(Size more) {
    if (buffer.size + more <= buffer.capacity)
        return;
    Size capacity = std::max<Size>(buffer.capacity * 2, buffer.size + more);
    capacity = std::max<Size>(capacity, 8192);
    buffer.data = buffer.data ? static_cast<char *>(repalloc_huge(buffer.data, capacity))
                              : static_cast<char *>(MemoryContextAllocHuge(TopMemoryContext, capacity));
    buffer.capacity = capacity;
}

inline void append(const void *data, Size size) {
    reserve(size);
    memcpy(buffer.data + buffer.size, data, size);
    buffer.size += size;
}

inline void pad() {
    reserve(4);
    while (buffer.size & 3)
        buffer.data[buffer.size++] = 0;
}

inline void set_word(Size at, uint32 word) { memcpy(buffer.data + at, &word, sizeof word); }

// Writes the JEntries of one container while its children are appended.
struct Entries {
    Size at;
    uint32 index = 0;
    Size total = 0;
    bool overflow = false;

    void add(uint32 type, Size length) {
        total += length;
        if (total > JENTRY_OFFLENMASK) {
            overflow = true;
            return;
        }
        uint32 entry = index % JB_OFFSET_STRIDE == 0 ? type | static_cast<uint32>(total) | JENTRY_HAS_OFF
                                                     : type | static_cast<uint32>(length);
        set_word(at + index * sizeof(JEntry), entry);
        index++;
    }
};

Entries begin_container(uint32 header, uint32 entries) {
    pad();
    append(&header, sizeof header);
    reserve(entries * sizeof(JEntry));
    Entries result{buffer.size};
    buffer.size += entries * sizeof(JEntry);
    return result;
}

JsonFault write_node(const JsonNode &node, JsonForm form, Arena *arena, int depth, Entries *entries);

inline JsonFault text_fault(TextFault fault) {
    return fault == TextFault::None ? JsonFault::None : fault == TextFault::Nul ? JsonFault::Nul : JsonFault::Encoding;
}

void write_number(const Decimal &number, Entries *entries) {
    Size from = buffer.size;
    pad();
    reserve(numeric_size(number));
    buffer.size += write_numeric(number, natural_scale(number), buffer.data + buffer.size);
    entries->add(JENTRY_ISNUMERIC, buffer.size - from);
}

JsonFault write_value(const BsonValue &value, JsonForm form, Arena *arena, int depth, Entries *entries) {
    // The commonest values skip the node.
    if (value.type == BsonType::String) {
        uint32_t length;
        const char *text = text_of(value, &length);
        JsonFault fault = text_fault(to_server_text(&text, &length));
        if (fault != JsonFault::None)
            return fault;
        append(text, length);
        entries->add(JENTRY_ISSTRING, length);
        return JsonFault::None;
    }
    if (form != JsonForm::Canonical && (value.type == BsonType::Int32 || value.type == BsonType::Int64)) {
        Decimal number;
        decimal_of_int64(value.type == BsonType::Int32 ? read_le<int32_t>(value.data) : read_le<int64_t>(value.data),
                         &number);
        write_number(number, entries);
        return JsonFault::None;
    }
    JsonNode node;
    json_node_of(value, form, arena, &node);
    return write_node(node, form, arena, depth, entries);
}

bool key_before(const Member &a, const Member &b) {
    if (a.key_length != b.key_length)
        return a.key_length < b.key_length;
    int order = memcmp(a.key, b.key, a.key_length);
    return order != 0 ? order < 0 : a.order < b.order;
}

bool same_key(const Member &a, const Member &b) {
    return a.key_length == b.key_length && memcmp(a.key, b.key, a.key_length) == 0;
}

JsonFault write_object(Member *members, uint32_t count, JsonForm form, Arena *arena, int depth) {
    bool sorted = true;
    for (uint32_t i = 1; i < count && sorted; i++)
        sorted = key_before(members[i - 1], members[i]);
    if (!sorted)
        std::sort(members, members + count, key_before);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i + 1 == count || !same_key(members[i], members[i + 1]))
            members[kept++] = members[i];
    Entries entries = begin_container(kept | JB_FOBJECT, kept * 2);
    for (uint32_t i = 0; i < kept; i++) {
        append(members[i].key, members[i].key_length);
        entries.add(JENTRY_ISSTRING, members[i].key_length);
    }
    for (uint32_t i = 0; i < kept; i++) {
        JsonFault fault = members[i].made ? write_node(*members[i].node, form, arena, depth + 1, &entries)
                                          : write_value(members[i].value, form, arena, depth + 1, &entries);
        if (fault != JsonFault::None)
            return fault;
    }
    return entries.overflow ? JsonFault::Malformed : JsonFault::None;
}

JsonFault write_document(const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    constexpr uint32_t kLocal = 32;
    Member local[kLocal];
    Member *members = local;
    uint32_t count = 0, capacity = kLocal;
    BsonReader reader(node.data, node.length);
    while (reader.next()) {
        if (count == capacity) {
            Member *larger = static_cast<Member *>(arena_alloc(arena, sizeof(Member) * capacity * 4));
            memcpy(larger, members, sizeof(Member) * count);
            members = larger;
            capacity *= 4;
        }
        Member *member = &members[count];
        member->key = reader.key();
        member->key_length = reader.key_length();
        JsonFault fault = text_fault(to_server_text(&member->key, &member->key_length));
        if (fault != JsonFault::None)
            return fault;
        member->order = count++;
        member->made = false;
        member->value = reader.value();
    }
    if (reader.malformed())
        return JsonFault::Malformed;
    return write_object(members, count, form, arena, depth);
}

JsonFault write_array(const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    uint32_t count = 0;
    if (node.kind == JsonNode::Kind::List) {
        count = node.length;
    } else {
        BsonReader counter(node.data, node.length);
        while (counter.next())
            count++;
        if (counter.malformed())
            return JsonFault::Malformed;
    }
    Entries entries = begin_container(count | JB_FARRAY, count);
    BsonReader reader(node.data ? node.data : reinterpret_cast<const uint8_t *>("\5\0\0\0"),
                      node.data ? node.length : 5);
    for (uint32_t i = 0; i < count; i++) {
        if (node.kind != JsonNode::Kind::List)
            reader.next();
        const BsonValue &value = node.kind == JsonNode::Kind::List ? node.values[i] : reader.value();
        JsonFault fault = write_value(value, form, arena, depth + 1, &entries);
        if (fault != JsonFault::None)
            return fault;
    }
    return entries.overflow ? JsonFault::Malformed : JsonFault::None;
}

JsonFault write_items(const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    Entries entries = begin_container(node.length | JB_FARRAY, node.length);
    for (uint32_t i = 0; i < node.length; i++) {
        JsonFault fault = write_node(node.members[i].node, form, arena, depth + 1, &entries);
        if (fault != JsonFault::None)
            return fault;
    }
    return entries.overflow ? JsonFault::Malformed : JsonFault::None;
}

JsonFault write_made_object(const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    Member members[8];
    for (uint32_t i = 0; i < node.length; i++) {
        members[i].key = node.members[i].key;
        members[i].key_length = strlen(node.members[i].key);
        members[i].order = i;
        members[i].made = true;
        members[i].node = &node.members[i].node;
    }
    return write_object(members, node.length, form, arena, depth);
}

JsonFault write_container(const JsonNode &node, JsonForm form, Arena *arena, int depth) {
    switch (node.kind) {
    case JsonNode::Kind::Document:
        return write_document(node, form, arena, depth);
    case JsonNode::Kind::Object:
        return write_made_object(node, form, arena, depth);
    case JsonNode::Kind::Items:
        return write_items(node, form, arena, depth);
    default:
        return write_array(node, form, arena, depth);
    }
}

JsonFault write_node(const JsonNode &node, JsonForm form, Arena *arena, int depth, Entries *entries) {
    if (depth > kMaxDepth)
        return JsonFault::TooDeep;
    switch (node.kind) {
    case JsonNode::Kind::Null:
        entries->add(JENTRY_ISNULL, 0);
        return JsonFault::None;
    case JsonNode::Kind::True:
        entries->add(JENTRY_ISBOOL_TRUE, 0);
        return JsonFault::None;
    case JsonNode::Kind::False:
        entries->add(JENTRY_ISBOOL_FALSE, 0);
        return JsonFault::None;
    case JsonNode::Kind::Number:
        write_number(node.number, entries);
        return JsonFault::None;
    case JsonNode::Kind::String: {
        const char *text = node.text;
        uint32_t length = node.length;
        if (!node.checked) {
            JsonFault fault = text_fault(to_server_text(&text, &length));
            if (fault != JsonFault::None)
                return fault;
        }
        append(text, length);
        entries->add(JENTRY_ISSTRING, length);
        return JsonFault::None;
    }
    default: {
        Size from = buffer.size;
        JsonFault fault = write_container(node, form, arena, depth);
        if (fault == JsonFault::None)
            entries->add(JENTRY_ISCONTAINER, buffer.size - from);
        return fault;
    }
    }
}

bool is_container(const JsonNode &node) { return node.kind >= JsonNode::Kind::Document; }

} // namespace

JsonFault make_jsonb(const JsonNode &node, JsonForm form, Arena *arena, Datum *out) {
    buffer.size = 0;
    reserve(VARHDRSZ);
    buffer.size = VARHDRSZ;
    JsonFault fault;
    if (is_container(node)) {
        fault = write_container(node, form, arena, 0);
    } else {
        Entries entries = begin_container(1 | JB_FARRAY | JB_FSCALAR, 1);
        fault = write_node(node, form, arena, 0, &entries);
    }
    if (fault != JsonFault::None)
        return fault;
    if (buffer.size > MaxAllocSize)
        return JsonFault::TooDeep;
    char *result = static_cast<char *>(arena_alloc(arena, buffer.size));
    memcpy(result, buffer.data, buffer.size);
    SET_VARSIZE(result, buffer.size);
    *out = PointerGetDatum(result);
    return JsonFault::None;
}

} // namespace mongo_fdw
