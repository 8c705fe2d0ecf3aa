// What the columns of a row leave of its document, or of its element: the value of a column with role rest. Zone B.
//
// A value is taken where a column of the row tells it: not where it does not fit, not where it is null, so that null
// and missing stay apart, and not where its type is lost (an ObjectId in a column of text). Sub-documents of which all
// fields are taken are taken. Backslashes and NULs inside strings are written as \\ and \u0000, for jsonb holds no NUL:
// they can be told back.
#include "convert/decode_internal.hpp"
#include "convert/writer.hpp"

namespace mongo_fdw {
namespace {

bool holds_text(BsonType type) {
    return type == BsonType::String || type == BsonType::Symbol || type == BsonType::Code;
}

void write_escaped(BsonWriter *writer, const char *text, uint32_t length) {
    int size_at = writer->buffer.len;
    write_le<int32_t>(writer, 0);
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] == '\0')
            write_bytes(writer, "\\u0000", 6);
        else if (text[i] == '\\')
            write_bytes(writer, "\\\\", 2);
        else
            write_bytes(writer, &text[i], 1);
    }
    write_bytes(writer, "", 1);
    int32_t size = writer->buffer.len - size_at - static_cast<int32_t>(sizeof(int32_t));
    memcpy(writer->buffer.data + size_at, &size, sizeof size);
}

// A value as it is, but for the texts in it.
void write_kept(BsonWriter *writer, FieldKey key, const BsonValue &value) {
    check_stack_depth();
    if (value.type == BsonType::Document || value.type == BsonType::Array) {
        write_key(writer, value.type, key);
        int start = begin_document(writer);
        BsonReader reader(value.data, value.size);
        while (reader.next())
            write_kept(writer, key_of(reader.key()), reader.value());
        end_document(writer, start);
        return;
    }
    uint32_t length;
    const char *text = holds_text(value.type) ? text_of(value, &length) : nullptr;
    if (!text || (!memchr(text, '\\', length) && !memchr(text, '\0', length))) {
        write_value(writer, key, value);
        return;
    }
    write_key(writer, value.type, key);
    write_escaped(writer, text, length);
}

// The milliseconds that a type of times tells apart.
int64_t unit_of(const Converter *converter) {
    constexpr int64_t kDay = 86400000, kUnits[] = {1000, 100, 10};
    if (converter->kind == Kind::Date)
        return kDay;
    return converter->typmod >= 0 && converter->typmod < static_cast<int>(lengthof(kUnits)) ? kUnits[converter->typmod]
                                                                                            : 1;
}

// Whether a column of that rule shows a string as it is.
bool shows_text(NulRule rule, const BsonValue &value) {
    uint32_t length;
    const char *text = rule == NulRule::Misfit ? nullptr : text_of(value, &length);
    return !text || (!memchr(text, '\0', length) && !(rule == NulRule::Escape && memchr(text, '\\', length)));
}

// Whether the value of a column says what the stored value was: not of an ObjectId or a symbol in a column of text, nor
// of a binary of some subtype in one of bytea, nor of a time of day in a date.
bool tells_all(const Converter *converter, const BsonValue &value) {
    constexpr uint8_t kPlain = 0, kUuid = 4;
    switch (converter->kind) {
    case Kind::Text:
    case Kind::Bpchar:
        return value.type == BsonType::String && shows_text(converter->rules.nul, value);
    case Kind::Name:
    case Kind::Enum:
        return value.type == BsonType::String;
    case Kind::Timestamptz:
    case Kind::Timestamp:
    case Kind::Date:
        return value.type == BsonType::Date && read_le<int64_t>(value.data) % unit_of(converter) == 0;
    case Kind::Bytea:
    case Kind::Uuid:
        return value.type == BsonType::Binary && value.data[4] == (converter->kind == Kind::Uuid ? kUuid : kPlain);
    case Kind::Domain:
        return tells_all(converter->element, value);
    case Kind::Array:
        break;
    default:
        return true;
    }
    if (value.type != BsonType::Array)
        return false;
    for (BsonReader elements(value.data, value.size); elements.next();)
        if (!reads_as_null(elements.value().type) && !tells_all(converter->element, elements.value()))
            return false;
    return true;
}

bool is_taken(const Decoder *decoder, const Target *target, const BsonValue &value) {
    for (; target; target = target->next)
        if (!target->column->in_rest && !decoder->nulls[target->column->number - 1] &&
            tells_all(target->converter, value))
            return true;
    return false;
}

// A document or array without members. No column and no child row tells of it.
bool is_empty(const BsonValue &value) {
    constexpr uint32_t kEmpty = 5;
    return value.size == kEmpty;
}

// Appends the fields that are left; false where there are none.
bool write_left(Decoder *decoder, BsonWriter *writer, Children *children, const BsonValue &document) {
    check_stack_depth();
    bool any = false;
    uint64_t serial = ++decoder->serial;
    BsonReader reader(document.data, document.size);
    while (reader.next()) {
        BsonValue value = reader.value();
        FieldKey key = key_of(reader.key());
        PathNode *node = children ? node_of(children, key.text, key.length) : nullptr;
        if (node && node->serial == serial)
            node = nullptr; // columns read the first of equal keys
        if (node) {
            node->serial = serial;
            if (is_taken(decoder, node->targets, value) || (node->excepted == value.type && !is_empty(value)))
                continue;
        }
        if (!node || !node->children || value.type != BsonType::Document) {
            write_kept(writer, key, value);
            any = true;
            continue;
        }
        int before = writer->buffer.len;
        write_key(writer, BsonType::Document, key);
        int start = begin_document(writer);
        bool left = write_left(decoder, writer, node->children, value);
        end_document(writer, start);
        if (left || is_empty(value))
            any = true;
        else
            writer->buffer.len = before;
    }
    return any;
}

} // namespace

BsonValue rest_of(Decoder *decoder) {
    const Level &level = decoder->levels[decoder->level_count - 1];
    const BsonValue &value = level.path ? level.value : decoder->document;
    if (value.type == BsonType::Missing || is_taken(decoder, level.element_targets, value))
        return kMissing;
    MemoryContext old = MemoryContextSwitchTo(decoder->arena.context);
    BsonWriter writer;
    begin_writer(&writer);
    FieldKey key = key_of("");
    bool any = true;
    if (value.type == BsonType::Document) {
        write_key(&writer, BsonType::Document, key);
        int start = begin_document(&writer);
        any = write_left(decoder, &writer, level.root, value);
        end_document(&writer, start);
    } else {
        write_kept(&writer, key, value);
    }
    MemoryContextSwitchTo(old);
    return any ? written_value(&writer, 0, key) : kMissing;
}

} // namespace mongo_fdw
