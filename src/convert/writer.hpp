// BSON as it is written: elements appended to a buffer, documents closed behind their fields. Zone B.
#pragma once

#include "convert/bson.hpp"
#include "mongo/types.hpp"

#include "pg/pg.hpp"

namespace mongo_fdw {

// The name of a field, without a NUL in it.
struct FieldKey {
    const char *text;
    uint32_t length;
};

inline FieldKey key_of(const char *text) { return {text, static_cast<uint32_t>(strlen(text))}; }

struct BsonWriter {
    StringInfoData buffer;
};

inline void begin_writer(BsonWriter *writer) { initStringInfo(&writer->buffer); }

// Room for so many bytes at the end, which the caller fills. Inline: a row is made of many small writes.
inline char *append_room(BsonWriter *writer, Size size) {
    StringInfo buffer = &writer->buffer;
    if (unlikely(static_cast<Size>(buffer->maxlen - buffer->len) <= size))
        enlargeStringInfo(buffer, static_cast<int>(Min(size, MaxAllocSize)));
    char *room = buffer->data + buffer->len;
    buffer->len += static_cast<int>(size);
    return room;
}

inline void write_bytes(BsonWriter *writer, const void *data, Size size) {
    memcpy(append_room(writer, size), data, size);
}

template <class T> inline void write_le(BsonWriter *writer, T value) { write_bytes(writer, &value, sizeof value); }

inline void write_key(BsonWriter *writer, BsonType type, FieldKey key) {
    char *room = append_room(writer, key.length + 2);
    *room++ = static_cast<char>(type);
    memcpy(room, key.text, key.length);
    room[key.length] = '\0';
}

// A document's or array's length word; the result goes to end_document.
inline int begin_document(BsonWriter *writer) {
    int start = writer->buffer.len;
    write_le<int32_t>(writer, 0);
    return start;
}

inline void end_document(BsonWriter *writer, int start) {
    write_bytes(writer, "", 1);
    int32_t size = writer->buffer.len - start;
    memcpy(writer->buffer.data + start, &size, sizeof size);
}

// The document that begins at an offset; its address holds until more is written.
inline mongo::Bytes document_at(const BsonWriter *writer, int at) {
    const uint8_t *data = reinterpret_cast<const uint8_t *>(writer->buffer.data) + at;
    return {data, static_cast<uint32_t>(read_le<int32_t>(data))};
}

// A string's length word, bytes and NUL.
inline void write_text(BsonWriter *writer, const char *text, uint32_t length) {
    int32_t size = static_cast<int32_t>(length + 1);
    char *room = append_room(writer, sizeof size + size);
    memcpy(room, &size, sizeof size);
    memcpy(room + sizeof size, text, length);
    room[sizeof size + length] = '\0';
}

inline void write_value(BsonWriter *writer, FieldKey key, const BsonValue &value) {
    write_key(writer, value.type, key);
    write_bytes(writer, value.data, value.size);
}

inline void write_int32(BsonWriter *writer, FieldKey key, int32_t value) {
    write_key(writer, BsonType::Int32, key);
    write_le(writer, value);
}

// A field that is a document or an array, to be filled; the result goes to end_document.
inline int begin_field(BsonWriter *writer, BsonType type, FieldKey key) {
    write_key(writer, type, key);
    return begin_document(writer);
}

inline void write_null(BsonWriter *writer, FieldKey key) { write_key(writer, BsonType::Null, key); }

// The value of the field that was appended last, from an offset on, under a key.
inline BsonValue written_value(const BsonWriter *writer, int at, FieldKey key) {
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(writer->buffer.data) + at;
    uint32_t header = 1 + key.length + 1;
    return {static_cast<BsonType>(*bytes), bytes + header, static_cast<uint32_t>(writer->buffer.len - at) - header};
}

// The key of an array's element.
struct IndexKey {
    char text[12];
    FieldKey key;
    explicit IndexKey(uint32_t index) {
        key.length = static_cast<uint32_t>(pg_ultoa_n(index, text));
        key.text = text;
    }
    IndexKey(const IndexKey &) = delete;
};

inline void write_binary(BsonWriter *writer, uint8_t subtype, const void *data, uint32_t size) {
    bool old = subtype == 2; // holds its length once more
    write_le<int32_t>(writer, static_cast<int32_t>(size + (old ? 4 : 0)));
    write_bytes(writer, &subtype, 1);
    if (old)
        write_le<int32_t>(writer, static_cast<int32_t>(size));
    write_bytes(writer, data, size);
}

} // namespace mongo_fdw
