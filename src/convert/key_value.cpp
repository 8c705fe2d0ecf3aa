// Keys back to the ids that they were made of, for conditions. Zone B, free of PostgreSQL.
#include "convert/key.hpp"

#include <cstdio>
#include <cstdlib>

namespace mongo_fdw {
namespace {

constexpr uint32_t kMostDigits = 800; // of a double's exact value

// Reads a key; nothing beyond its end, and then it has failed.
struct Source {
    const uint8_t *at;
    const uint8_t *end;
    bool failed = false;
    uint8_t byte() {
        if (at >= end) {
            failed = true;
            return 0;
        }
        return *at++;
    }
    const uint8_t *bytes(uint64_t count) {
        if (count > static_cast<uint64_t>(end - at)) {
            failed = true;
            return nullptr;
        }
        at += count;
        return at - count;
    }
    uint64_t big_endian(int bytes) {
        uint64_t value = 0;
        while (bytes-- > 0)
            value = value << 8 | byte();
        return value;
    }
};

BsonType type_of_bracket(int bracket) {
    for (int type = 0; type < 256; type++)
        if (type_bracket(static_cast<BsonType>(type)) == bracket)
            return static_cast<BsonType>(type); // of numbers and strings the first; numbers are told apart below
    return BsonType::Missing;
}

// --- numbers ---

bool int64_of_digits(bool negative, const char *digits, uint32_t count, int point, int64_t *out) {
    if (point < static_cast<int>(count) || point > 19)
        return false;
    unsigned __int128 value = 0;
    for (int i = 0; i < point; i++)
        value = value * 10 + static_cast<unsigned>(i < static_cast<int>(count) ? digits[i] - '0' : 0);
    unsigned __int128 most = static_cast<unsigned __int128>(1) << 63;
    if (value > most - !negative)
        return false;
    *out = negative ? static_cast<int64_t>(-static_cast<__int128>(value)) : static_cast<int64_t>(value);
    return true;
}

// IEEE 754-2008, binary integer significand.
bool decimal128_of_digits(bool negative, const char *digits, uint32_t count, int point, uint8_t *out) {
    constexpr uint32_t kDecimalDigits = 34;
    constexpr int kLeast = -6176, kGreatest = 6111;
    if (count > kDecimalDigits)
        return false;
    int exponent = point - static_cast<int>(count);
    unsigned __int128 significand = 0;
    for (uint32_t i = 0; i < count; i++)
        significand = significand * 10 + static_cast<unsigned>(digits[i] - '0');
    for (; exponent > kGreatest && count < kDecimalDigits; exponent--, count++)
        significand *= 10;
    if (exponent < kLeast || exponent > kGreatest)
        return false;
    uint64_t low = static_cast<uint64_t>(significand);
    uint64_t high = static_cast<uint64_t>(significand >> 64) | static_cast<uint64_t>(exponent - kLeast) << 49 |
                    static_cast<uint64_t>(negative) << 63;
    std::memcpy(out, &low, sizeof low);
    std::memcpy(out + 8, &high, sizeof high);
    return true;
}

double special_of(KeyNumber::Kind kind) {
    uint64_t bits = kind == KeyNumber::Kind::NaN                ? 0x7ff8000000000000
                    : kind == KeyNumber::Kind::NegativeInfinity ? 0xfff0000000000000
                                                                : 0x7ff0000000000000;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// Whether a double is exactly this number: it has the same key.
bool is_exact(double value, bool negative, const char *digits, uint32_t count, int point) {
    uint8_t mine[kMostDigits], its[kMostDigits];
    KeyNumber number = key_number(negative, digits, count, point);
    BsonValue as_double{BsonType::Double, reinterpret_cast<const uint8_t *>(&value), sizeof value};
    uint64_t size = id_key_size(number);
    if (size > sizeof mine || id_key_size(as_double) != size)
        return false;
    write_id_key(number, mine);
    write_id_key(as_double, its);
    return std::memcmp(mine, its, size) == 0;
}

BsonType put_number(Source *source, ByteSink *sink) {
    auto kind = static_cast<KeyNumber::Kind>(source->byte());
    if (kind == KeyNumber::Kind::Zero) {
        sink->le(int64_t{0});
        return BsonType::Int64;
    }
    if (kind != KeyNumber::Kind::Negative && kind != KeyNumber::Kind::Positive) {
        source->failed = source->failed || kind < KeyNumber::Kind::NaN || kind > KeyNumber::Kind::PositiveInfinity;
        sink->le(special_of(kind));
        return BsonType::Double;
    }
    bool negative = kind == KeyNumber::Kind::Negative;
    uint8_t inverted = negative ? 0xff : 0;
    int point = static_cast<int>(source->big_endian(2) ^ (negative ? 0xffff : 0)) - kKeyExponentBias;
    char digits[kMostDigits];
    uint32_t count = 0;
    for (uint8_t pair = source->byte() ^ inverted; pair != 0 && !source->failed; pair = source->byte() ^ inverted) {
        if (count + 2 > kMostDigits || pair > 100) {
            source->failed = true;
            break;
        }
        digits[count++] = static_cast<char>('0' + (pair - 1) / 10);
        digits[count++] = static_cast<char>('0' + (pair - 1) % 10);
    }
    while (count > 0 && digits[count - 1] == '0')
        count--;
    int64_t integer;
    uint8_t decimal[16];
    if (int64_of_digits(negative, digits, count, point, &integer)) {
        sink->le(integer);
        return BsonType::Int64;
    }
    char text[kMostDigits + 32];
    std::snprintf(text, sizeof text, "%s.%.*se%d", negative ? "-" : "", static_cast<int>(count), digits, point);
    double value = std::strtod(text, nullptr);
    if (is_exact(value, negative, digits, count, point)) {
        sink->le(value);
        return BsonType::Double;
    }
    if (decimal128_of_digits(negative, digits, count, point, decimal)) {
        sink->bytes(decimal, sizeof decimal);
        return BsonType::Decimal128;
    }
    source->failed = true;
    return BsonType::Missing;
}

// --- the others ---

// A text with its length word and NUL.
void put_text(Source *source, ByteSink *sink) {
    uint64_t at = sink->size;
    sink->le(int32_t{0});
    while (!source->failed) {
        uint8_t c = source->byte();
        if (c == 0 && source->byte() == 0)
            break; // else a NUL that was escaped
        sink->bytes(&c, 1);
    }
    sink->bytes("", 1);
    sink->set(at, static_cast<int32_t>(sink->size - at - sizeof(int32_t)));
}

void put_cstring(Source *source, ByteSink *sink) {
    const void *nul = std::memchr(source->at, 0, static_cast<size_t>(source->end - source->at));
    if (!nul) {
        source->failed = true;
        return;
    }
    uint64_t size = static_cast<uint64_t>(static_cast<const uint8_t *>(nul) - source->at) + 1;
    sink->bytes(source->bytes(size), size);
}

BsonType put_value(Source *source, ByteSink *sink, int bracket, int depth);

void put_fields(Source *source, ByteSink *sink, int depth) {
    uint64_t start = open_document(sink);
    while (!source->failed && depth < kMostKeyDepth) {
        uint8_t bracket = source->byte();
        if (bracket == 0)
            break;
        uint64_t type_at = sink->size;
        sink->bytes("", 1);
        put_cstring(source, sink);
        uint8_t type = static_cast<uint8_t>(put_value(source, sink, bracket_of_byte(bracket), depth + 1));
        sink->set(type_at, type);
    }
    source->failed = source->failed || depth >= kMostKeyDepth;
    close_document(sink, start);
}

BsonType put_value(Source *source, ByteSink *sink, int bracket, int depth) {
    constexpr uint64_t kSign = 1ULL << 63;
    BsonType type = bracket < 0 ? BsonType::Missing : type_of_bracket(bracket);
    switch (type) {
    case BsonType::Double: // the first of the numbers
    case BsonType::Int32:
        return put_number(source, sink);
    case BsonType::String:
    case BsonType::Code:
        put_text(source, sink);
        return type;
    case BsonType::Document:
    case BsonType::Array:
        put_fields(source, sink, depth);
        return type;
    case BsonType::CodeWithScope: {
        uint64_t at = sink->size;
        sink->le(int32_t{0});
        put_text(source, sink);
        put_fields(source, sink, depth);
        sink->set(at, static_cast<int32_t>(sink->size - at));
        return type;
    }
    case BsonType::Binary: {
        uint32_t length = static_cast<uint32_t>(source->big_endian(4));
        sink->le(length);
        if (const uint8_t *bytes = source->bytes(uint64_t{length} + 1))
            sink->bytes(bytes, uint64_t{length} + 1);
        return type;
    }
    case BsonType::ObjectId:
    case BsonType::Bool: {
        uint64_t size = type == BsonType::Bool ? 1 : 12;
        if (const uint8_t *bytes = source->bytes(size))
            sink->bytes(bytes, size);
        return type;
    }
    case BsonType::Date:
        sink->le(source->big_endian(8) ^ kSign);
        return type;
    case BsonType::Timestamp:
        sink->le(source->big_endian(8));
        return type;
    case BsonType::Regex:
        put_cstring(source, sink);
        put_cstring(source, sink);
        return type;
    case BsonType::DbPointer: {
        uint32_t size = static_cast<uint32_t>(source->big_endian(4));
        constexpr uint32_t kLeastPointer = 4 + 1 + 12;
        if (size < kLeastPointer) {
            source->failed = true;
            return type;
        }
        sink->le(static_cast<int32_t>(size - 4 - 12));
        if (const uint8_t *bytes = source->bytes(size - 4))
            sink->bytes(bytes, size - 4);
        return type;
    }
    case BsonType::Missing:
        source->failed = true;
        return type;
    default: // those that have no bytes
        return type;
    }
}

} // namespace

bool put_id_value(ByteSink *sink, const uint8_t *key, uint64_t size, BsonType *type) {
    int bracket = bracket_of_key(key, size);
    if (bracket < 0)
        return false;
    Source source{key + 1, key + size};
    *type = put_value(&source, sink, bracket, 0);
    return !source.failed && source.at == source.end;
}

uint64_t id_value_size(const uint8_t *key, uint64_t size) {
    ByteSink sink{nullptr};
    BsonType type = BsonType::Missing;
    return put_id_value(&sink, key, size, &type) ? sink.size + 1 : 0;
}

BsonValue id_value(const uint8_t *key, uint64_t size, uint8_t *room) {
    ByteSink sink{room};
    BsonType type = BsonType::Missing;
    (void)put_id_value(&sink, key, size, &type);
    return {type, room, static_cast<uint32_t>(sink.size)};
}

} // namespace mongo_fdw
