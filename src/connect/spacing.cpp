// Interpolation between _ids. Zone B, free of PostgreSQL.
#include "connect/spacing.hpp"

#include <algorithm>
#include <cmath>

namespace mongo_fdw {
namespace {

struct BracketRow {
    const char *name; // of $type
    BsonType types[4];
};

// MongoDB's comparison order.
constexpr BracketRow kBracketRows[kBrackets] = {
    {"minKey", {BsonType::MinKey}},
    {"null", {BsonType::Null, BsonType::Undefined}},
    {"number", {BsonType::Int32, BsonType::Int64, BsonType::Double, BsonType::Decimal128}},
    {"string", {BsonType::String, BsonType::Symbol}},
    {"object", {BsonType::Document}},
    {"array", {BsonType::Array}},
    {"binData", {BsonType::Binary}},
    {"objectId", {BsonType::ObjectId}},
    {"bool", {BsonType::Bool}},
    {"date", {BsonType::Date}},
    {"timestamp", {BsonType::Timestamp}},
    {"regex", {BsonType::Regex}},
    {"dbPointer", {BsonType::DbPointer}},
    {"javascript", {BsonType::Code, BsonType::CodeWithScope}},
    {"maxKey", {BsonType::MaxKey}},
};

template <class T> T between(T low, T high, uint32_t part, uint32_t parts) {
    return static_cast<T>(low + (static_cast<__int128>(high) - static_cast<__int128>(low)) * part / parts);
}

bool integer_of(const BsonValue &value, int64_t *out) {
    if (value.type == BsonType::Int32)
        *out = read_le<int32_t>(value.data);
    else if (value.type == BsonType::Int64)
        *out = read_le<int64_t>(value.data);
    else
        return false;
    return true;
}

bool double_of(const BsonValue &value, double *out) {
    int64_t integer;
    if (value.type == BsonType::Double)
        *out = read_le<double>(value.data);
    else if (integer_of(value, &integer))
        *out = static_cast<double>(integer);
    else
        return false;
    return std::isfinite(*out);
}

uint64_t big_endian(const uint8_t *data, uint32_t size) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < 8; i++)
        value = value << 8 | (i < size ? data[i] : 0);
    return value;
}

// Bytes of one length: what they begin with alike, then eight bytes as a number, then zeros.
void interpolate_bytes(const uint8_t *low, const uint8_t *high, uint32_t size, uint32_t part, uint32_t parts,
                       uint8_t *out) {
    uint32_t prefix = 0;
    while (prefix + 1 < size && low[prefix] == high[prefix])
        prefix++;
    uint64_t value =
        between(big_endian(low + prefix, size - prefix), big_endian(high + prefix, size - prefix), part, parts);
    std::memset(out, 0, size);
    std::memcpy(out, low, prefix);
    for (uint32_t i = 0; i < 8 && prefix + i < size; i++)
        out[prefix + i] = static_cast<uint8_t>(value >> (56 - 8 * i));
}

// Strings: what they begin with alike, then digits to the base of the printable ASCII characters, so that the result is
// valid UTF-8 whatever the ends hold.
bool interpolate_text(const BsonValue &low, const BsonValue &high, uint32_t part, uint32_t parts, uint8_t *scratch,
                      BsonValue *result) {
    constexpr uint32_t kFirst = 0x20, kBase = 95, kDigits = 9;
    uint32_t low_length, high_length, prefix = 0;
    const char *from = text_of(low, &low_length), *to = text_of(high, &high_length);
    uint32_t shared = std::min(low_length, high_length);
    while (prefix < shared && from[prefix] == to[prefix])
        prefix++;
    while (prefix > 0 && prefix < low_length && (from[prefix] & 0xc0) == 0x80) // not in the middle of a character
        prefix--;
    if (prefix + kDigits + 5 > kSpacedSize)
        return false;
    auto number = [&](const char *text, uint32_t length) {
        uint64_t value = 0;
        for (uint32_t i = 0; i < kDigits; i++) {
            uint32_t at = prefix + i;
            uint32_t byte = at < length ? static_cast<uint8_t>(text[at]) : kFirst;
            value = value * kBase + std::clamp(byte, kFirst, kFirst + kBase - 1) - kFirst;
        }
        return value;
    };
    uint64_t first = number(from, low_length), last = number(to, high_length);
    if (first >= last)
        return false;
    uint64_t value = between(first, last, part, parts);
    uint32_t size = prefix + kDigits + 1;
    std::memcpy(scratch, &size, 4);
    std::memcpy(scratch + 4, from, prefix);
    for (uint32_t i = kDigits; i-- > 0; value /= kBase)
        scratch[4 + prefix + i] = static_cast<uint8_t>(kFirst + value % kBase);
    scratch[4 + size - 1] = 0;
    *result = {BsonType::String, scratch, 4 + size};
    return true;
}

} // namespace

int type_bracket(BsonType type) {
    for (int i = 0; i < kBrackets; i++)
        for (BsonType member : kBracketRows[i].types)
            if (member == type && type != BsonType::Missing)
                return i;
    return -1;
}

const char *bracket_name(int bracket) { return kBracketRows[bracket].name; }

bool interpolate(const BsonValue &low, const BsonValue &high, uint32_t part, uint32_t parts, uint8_t *scratch,
                 BsonValue *result) {
    int bracket = type_bracket(low.type);
    if (bracket < 0 || bracket != type_bracket(high.type))
        return false;
    int64_t first, last;
    double lower, upper;
    if (integer_of(low, &first) && integer_of(high, &last)) {
        int64_t value = between(first, last, part, parts);
        std::memcpy(scratch, &value, 8);
        *result = {BsonType::Int64, scratch, 8};
        return true;
    }
    if (double_of(low, &lower) && double_of(high, &upper)) {
        double value = lower + (upper - lower) / parts * part;
        std::memcpy(scratch, &value, 8);
        *result = {BsonType::Double, scratch, 8};
        return std::isfinite(value);
    }
    if (low.type != high.type)
        return false;
    switch (low.type) {
    case BsonType::Date: {
        int64_t value = between(read_le<int64_t>(low.data), read_le<int64_t>(high.data), part, parts);
        std::memcpy(scratch, &value, 8);
        *result = {low.type, scratch, 8};
        return true;
    }
    case BsonType::Timestamp: {
        uint64_t value = between(read_le<uint64_t>(low.data), read_le<uint64_t>(high.data), part, parts);
        std::memcpy(scratch, &value, 8);
        *result = {low.type, scratch, 8};
        return true;
    }
    case BsonType::ObjectId:
        interpolate_bytes(low.data, high.data, 12, part, parts, scratch);
        *result = {low.type, scratch, 12};
        return true;
    case BsonType::Binary: // compared by length, subtype, bytes
        if (low.size != high.size || low.data[4] != high.data[4] || low.size < 6 || low.size > kSpacedSize)
            return false;
        std::memcpy(scratch, low.data, 5);
        interpolate_bytes(low.data + 5, high.data + 5, low.size - 5, part, parts, scratch + 5);
        *result = {low.type, scratch, low.size};
        return true;
    case BsonType::String:
        return interpolate_text(low, high, part, parts, scratch, result);
    default:
        return false;
    }
}

} // namespace mongo_fdw
