// Interpolation between _ids. Zone B, free of PostgreSQL.
#include "connect/spacing.hpp"

#include <algorithm>
#include <cmath>

namespace mongo_fdw {
namespace {

template <class T> T between(T low, T high, uint32_t part, uint32_t parts) {
    return static_cast<T>(low + (static_cast<__int128>(high) - static_cast<__int128>(low)) * part / parts);
}

// A Decimal128 as the double next to it, near enough to measure with.
double rough_decimal(const uint8_t *data) {
    uint64_t low = read_le<uint64_t>(data), high = read_le<uint64_t>(data + 8);
    uint32_t combination = (high >> 58) & 0x1f;
    bool negative = (high >> 63) != 0;
    if (combination == 0x1f)
        return std::nan("");
    if (combination == 0x1e)
        return negative ? -HUGE_VAL : HUGE_VAL;
    if ((combination >> 3) == 3)
        return 0; // not canonical
    int exponent = static_cast<int>((high >> 49) & 0x3fff) - 6176;
    long double digits = std::ldexp(static_cast<long double>(high & 0x1ffffffffffffULL), 64) + low;
    double value = static_cast<double>(digits * std::pow(10.0L, exponent));
    return negative ? -value : value;
}

bool double_of(const BsonValue &value, double *out) {
    int64_t integer;
    if (value.type == BsonType::Decimal128)
        *out = rough_decimal(value.data);
    else if (value.type == BsonType::Double)
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

// How strings are read as numbers: so many characters, each a digit. Printable ASCII is dense where ids are made of it;
// other text is measured by code points, whose order is that of their bytes.
struct Alphabet {
    uint32_t first;
    uint32_t base;
    uint32_t digits;
};
constexpr Alphabet kPrintable{0x20, 95, 9};
constexpr Alphabet kCodePoints{0x20, 0x10ffff - 0x20 + 1, 3};

// The code point at *at, which is moved behind it; the text was checked by nobody.
uint32_t next_code_point(const char **at, const char *end) {
    uint8_t lead = static_cast<uint8_t>(*(*at)++);
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    uint32_t code = more == 0 ? lead : lead & (0x3f >> more);
    for (; more > 0 && *at < end; more--)
        code = code << 6 | (static_cast<uint8_t>(*(*at)++) & 0x3f);
    return code;
}

uint32_t put_code_point(uint32_t code, uint8_t *out) {
    if (code >= 0xd800 && code < 0xe000)
        code = 0xd7ff; // surrogates are no characters
    if (code < 0x80) {
        out[0] = static_cast<uint8_t>(code);
        return 1;
    }
    uint32_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (uint32_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = static_cast<uint8_t>(0x80 | (code & 0x3f));
    out[0] = static_cast<uint8_t>((0xf00 >> size & 0xff) | code);
    return size;
}

uint64_t text_number(const char *text, const char *end, const Alphabet &alphabet) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < alphabet.digits; i++) {
        uint32_t code = text < end ? next_code_point(&text, end) : alphabet.first;
        value = value * alphabet.base + std::clamp(code, alphabet.first, alphabet.first + alphabet.base - 1) -
                alphabet.first;
    }
    return value;
}

bool is_ascii(const char *text, const char *end) {
    return std::all_of(text, end, [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

// Strings: what they begin with alike, then characters as digits; the result is valid UTF-8 whatever the ends hold.
bool interpolate_text(const BsonValue &low, const BsonValue &high, uint32_t part, uint32_t parts, uint8_t *scratch,
                      BsonValue *result) {
    constexpr uint32_t kMostDigitBytes = 12;
    uint32_t low_length, high_length, prefix = 0;
    const char *from = text_of(low, &low_length), *to = text_of(high, &high_length);
    uint32_t shared = std::min(low_length, high_length);
    while (prefix < shared && from[prefix] == to[prefix])
        prefix++;
    while (prefix > 0 && prefix < low_length && (from[prefix] & 0xc0) == 0x80) // not in the middle of a character
        prefix--;
    if (prefix + kMostDigitBytes + 5 > kSpacedSize)
        return false;
    const Alphabet &alphabet = is_ascii(from + prefix, from + std::min(low_length, prefix + kPrintable.digits)) &&
                                       is_ascii(to + prefix, to + std::min(high_length, prefix + kPrintable.digits))
                                   ? kPrintable
                                   : kCodePoints;
    uint64_t first = text_number(from + prefix, from + low_length, alphabet);
    uint64_t last = text_number(to + prefix, to + high_length, alphabet);
    if (first >= last)
        return false;
    uint64_t value = between(first, last, part, parts);
    uint32_t digits[kPrintable.digits], size = prefix;
    for (uint32_t i = alphabet.digits; i-- > 0; value /= alphabet.base)
        digits[i] = alphabet.first + static_cast<uint32_t>(value % alphabet.base);
    std::memcpy(scratch + 4, from, prefix);
    for (uint32_t i = 0; i < alphabet.digits; i++)
        size += put_code_point(digits[i], scratch + 4 + size);
    scratch[4 + size++] = 0;
    std::memcpy(scratch, &size, 4);
    *result = {BsonType::String, scratch, 4 + size};
    return true;
}

// Documents compare field by field; a document that ends earlier is less. So what they begin with alike and a point in
// the first field that differs bound them.
bool interpolate_document(const BsonValue &low, const BsonValue &high, uint32_t part, uint32_t parts, uint8_t *scratch,
                          BsonValue *result) {
    BsonReader first(low.data, low.size), second(high.data, high.size);
    uint32_t size = 4;
    while (first.next() && second.next() && std::strcmp(first.key(), second.key()) == 0) {
        const BsonValue &a = first.value(), &b = second.value();
        uint32_t key_size = first.key_length() + 1;
        if (same_value(a, b)) {
            if (size + 1 + key_size + a.size + 1 > kSpacedSize)
                return false;
            scratch[size++] = static_cast<uint8_t>(a.type);
            std::memcpy(scratch + size, first.key(), key_size);
            std::memcpy(scratch + size + key_size, a.data, a.size);
            size += key_size + a.size;
            continue;
        }
        uint8_t inner[kSpacedSize];
        BsonValue point;
        if (a.type == BsonType::Document || !interpolate(a, b, part, parts, inner, &point) ||
            size + 1 + key_size + point.size + 1 > kSpacedSize)
            return false;
        scratch[size++] = static_cast<uint8_t>(point.type);
        std::memcpy(scratch + size, first.key(), key_size);
        std::memcpy(scratch + size + key_size, point.data, point.size);
        size += key_size + point.size;
        scratch[size++] = 0;
        std::memcpy(scratch, &size, 4);
        *result = {BsonType::Document, scratch, size};
        return true;
    }
    return false;
}

} // namespace

bool is_nan(const BsonValue &value) {
    double number;
    return !double_of(value, &number) && (value.type == BsonType::Double || value.type == BsonType::Decimal128) &&
           std::isnan(value.type == BsonType::Double ? read_le<double>(value.data) : rough_decimal(value.data));
}

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
        double share = static_cast<double>(part) / parts, value = lower * (1 - share) + upper * share;
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
    case BsonType::Document:
        return interpolate_document(low, high, part, parts, scratch, result);
    case BsonType::String:
        return interpolate_text(low, high, part, parts, scratch, result);
    default:
        return false;
    }
}

} // namespace mongo_fdw
