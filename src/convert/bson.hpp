// Raw BSON: one value on the wire, and how to step over it. Every length comes from outside and is checked.
// Zone B, but free of PostgreSQL.
#pragma once

#include <cstdint>
#include <cstring>

namespace mongo_fdw {

enum class BsonType : uint8_t {
    Missing = 0x00, // of ours: no such field
    Double = 0x01,
    String = 0x02,
    Document = 0x03,
    Array = 0x04,
    Binary = 0x05,
    Undefined = 0x06,
    ObjectId = 0x07,
    Bool = 0x08,
    Date = 0x09,
    Null = 0x0a,
    Regex = 0x0b,
    DbPointer = 0x0c,
    Code = 0x0d,
    Symbol = 0x0e,
    CodeWithScope = 0x0f,
    Int32 = 0x10,
    Timestamp = 0x11,
    Int64 = 0x12,
    Decimal128 = 0x13,
    MaxKey = 0x7f,
    MinKey = 0xff,
};

// A value as it stands on the wire; data points to its first byte behind the key.
struct BsonValue {
    BsonType type;
    const uint8_t *data;
    uint32_t size;
};

template <class T> inline T read_le(const uint8_t *data) {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "BSON is read in place");
    T value;
    std::memcpy(&value, data, sizeof value);
    return value;
}

// Size in bytes of the value of a type that starts at data; negative when it does not end before end.
inline int64_t value_size(BsonType type, const uint8_t *data, const uint8_t *end) {
    int64_t left = end - data, size;
    auto text_size = [&](int64_t extra) -> int64_t {
        if (left < extra + 5)
            return -1;
        int64_t length = read_le<int32_t>(data + extra);
        if (length < 1 || extra + 4 + length > left || data[extra + 4 + length - 1] != 0)
            return -1;
        return extra + 4 + length;
    };
    switch (type) {
    case BsonType::Double:
    case BsonType::Date:
    case BsonType::Timestamp:
    case BsonType::Int64:
        size = 8;
        break;
    case BsonType::Int32:
        size = 4;
        break;
    case BsonType::Bool:
        size = 1;
        break;
    case BsonType::ObjectId:
        size = 12;
        break;
    case BsonType::Decimal128:
        size = 16;
        break;
    case BsonType::Null:
    case BsonType::Undefined:
    case BsonType::MinKey:
    case BsonType::MaxKey:
        size = 0;
        break;
    case BsonType::String:
    case BsonType::Code:
    case BsonType::Symbol:
        return text_size(0);
    case BsonType::DbPointer:
        size = text_size(0);
        if (size < 0)
            return -1;
        size += 12;
        break;
    case BsonType::Document:
    case BsonType::Array:
    case BsonType::CodeWithScope:
        if (left < 5)
            return -1;
        size = read_le<int32_t>(data);
        if (size < 5)
            return -1;
        break;
    case BsonType::Binary:
        if (left < 5 || read_le<int32_t>(data) < 0)
            return -1;
        size = 5 + static_cast<int64_t>(read_le<int32_t>(data));
        break;
    case BsonType::Regex: {
        const void *first = std::memchr(data, 0, static_cast<size_t>(left));
        if (!first)
            return -1;
        const uint8_t *options = static_cast<const uint8_t *>(first) + 1;
        const void *second = std::memchr(options, 0, static_cast<size_t>(end - options));
        if (!second)
            return -1;
        return static_cast<const uint8_t *>(second) + 1 - data;
    }
    default:
        return -1;
    }
    return size > left ? -1 : size;
}

// Steps through the elements of a document or array.
class BsonReader {
  public:
    // data is the whole document with its length word and terminator.
    BsonReader(const uint8_t *data, uint32_t size)
        : at_(data + 4), end_(data + size - 1),
          malformed_(size < 5 || read_le<int32_t>(data) != static_cast<int32_t>(size)) {
        if (malformed_)
            at_ = end_ = data;
    }
    // False at the end and where the document is malformed.
    bool next() {
        if (at_ >= end_)
            return false;
        uint8_t type = *at_;
        const uint8_t *key = at_ + 1;
        const void *nul = std::memchr(key, 0, static_cast<size_t>(end_ - key));
        if (!nul)
            return fail();
        const uint8_t *data = static_cast<const uint8_t *>(nul) + 1;
        int64_t size = value_size(static_cast<BsonType>(type), data, end_);
        if (size < 0)
            return fail();
        key_ = reinterpret_cast<const char *>(key);
        key_length_ = static_cast<uint32_t>(data - 1 - key);
        value_ = {static_cast<BsonType>(type), data, static_cast<uint32_t>(size)};
        at_ = data + size;
        return true;
    }
    const char *key() const { return key_; }
    uint32_t key_length() const { return key_length_; }
    const BsonValue &value() const { return value_; }
    bool malformed() const { return malformed_; }

  private:
    bool fail() {
        malformed_ = true;
        at_ = end_;
        return false;
    }
    const uint8_t *at_;
    const uint8_t *end_;
    bool malformed_;
    const char *key_ = nullptr;
    uint32_t key_length_ = 0;
    BsonValue value_{};
};

// The text of a string, code or symbol, without its final NUL.
inline const char *text_of(const BsonValue &value, uint32_t *length) {
    *length = read_le<uint32_t>(value.data) - 1;
    return reinterpret_cast<const char *>(value.data + 4);
}

// The same type and bytes.
inline bool same_value(const BsonValue &a, const BsonValue &b) {
    return a.type == b.type && a.size == b.size && std::memcmp(a.data, b.data, a.size) == 0;
}

constexpr BsonValue kMissing{BsonType::Missing, nullptr, 0};

inline bool reads_as_null(BsonType type) {
    return type == BsonType::Null || type == BsonType::Missing || type == BsonType::Undefined;
}

// The value of an int32 or int64; false for others.
inline bool integer_of(const BsonValue &value, int64_t *out) {
    if (value.type == BsonType::Int32)
        *out = read_le<int32_t>(value.data);
    else if (value.type == BsonType::Int64)
        *out = read_le<int64_t>(value.data);
    else
        return false;
    return true;
}

// The order of BSON types: values of one bracket compare by value, others by bracket. -1 for Missing.
int type_bracket(BsonType type);
// A name that $type knows for the bracket: "number", "string", ...
const char *bracket_name(int bracket);
constexpr int kBrackets = 17;

// MongoDB's name of a type, as $type knows it.
const char *type_name(BsonType type);

// The type that a string names; Missing for an unknown one. "number" is no single type and unknown.
BsonType type_of_name(const BsonValue &name);

// The first field of that key in a document or array; Missing where there is none.
BsonValue field_of(const BsonValue &document, const char *key);
inline BsonValue field_of(const uint8_t *data, uint32_t size, const char *key) {
    return field_of({BsonType::Document, data, size}, key);
}

// The first document of a reply's cursor.
BsonValue first_of_reply(const uint8_t *data, uint32_t size);

bool is_text(const BsonValue &value, const char *text);

// True for a bool that is true, and for a number other than zero.
bool is_true(const BsonValue &value);

// A double, int32 or int64 as a double; otherwise for anything else.
double number_of(const BsonValue &value, double otherwise);

// The same as an integer, cut to the range of int64; 0 for NaN.
int64_t count_of(const BsonValue &value, int64_t otherwise);

} // namespace mongo_fdw
