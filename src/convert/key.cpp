// Keys of documents. Zone B, free of PostgreSQL.
#include "convert/key.hpp"

#include "convert/decimal.hpp"

#include <cmath>
#include <cstdio>

namespace mongo_fdw {
namespace {

constexpr int kMostDoubleDigits = 767; // of the exact value of a double
constexpr uint8_t kEnd = 0;            // of a document's fields, less than any bracket

uint8_t byte_of(BsonType type) { return bracket_byte(type_bracket(type)); }

// Counts bytes, and writes them where there is a place for them.
struct Sink {
    uint8_t *at;
    uint64_t size;
    uint8_t inverted; // 0xff: of negative numbers

    void byte(uint8_t value) {
        if (at)
            *at++ = value ^ inverted;
        size++;
    }
    void bytes(const uint8_t *data, uint32_t count) {
        if (at) {
            std::memcpy(at, data, count);
            at += count;
        }
        size += count;
    }
    void big_endian(uint64_t value, int bytes) {
        while (bytes-- > 0)
            byte(static_cast<uint8_t>(value >> (8 * bytes)));
    }
};

void put_number(Sink *sink, const KeyNumber &number) {
    sink->byte(static_cast<uint8_t>(number.kind));
    if (number.kind != KeyNumber::Kind::Negative && number.kind != KeyNumber::Kind::Positive)
        return;
    sink->inverted = number.kind == KeyNumber::Kind::Negative ? 0xff : 0;
    sink->big_endian(static_cast<uint64_t>(number.exponent + kKeyExponentBias), 2);
    for (uint32_t i = 0; i < number.count; i += 2) {
        int pair = (number.digits[i] - '0') * 10 + (i + 1 < number.count ? number.digits[i + 1] - '0' : 0);
        sink->byte(static_cast<uint8_t>(pair + 1));
    }
    sink->byte(kEnd);
    sink->inverted = 0;
}

void put_special(Sink *sink, KeyNumber::Kind kind) { put_number(sink, {kind, 0, nullptr, 0}); }

void put_decimal(Sink *sink, const Decimal &number) {
    switch (number.special) {
    case Special::NaN:
        return put_special(sink, KeyNumber::Kind::NaN);
    case Special::NegativeInfinity:
        return put_special(sink, KeyNumber::Kind::NegativeInfinity);
    case Special::PositiveInfinity:
        return put_special(sink, KeyNumber::Kind::PositiveInfinity);
    case Special::Finite:
        break;
    }
    put_number(sink, key_number(number.negative, number.digits, static_cast<uint32_t>(number.digit_count),
                                number.digit_count + number.exponent));
}

// By all digits of the value that the bits say, not by the shortest text that reads back.
void put_double(Sink *sink, double value) {
    constexpr double kExactIntegers = 9007199254740992.0;
    if (std::isnan(value))
        return put_special(sink, KeyNumber::Kind::NaN);
    if (std::isinf(value))
        return put_special(sink, value < 0 ? KeyNumber::Kind::NegativeInfinity : KeyNumber::Kind::PositiveInfinity);
    if (std::fabs(value) <= kExactIntegers && value == std::floor(value)) {
        Decimal integer;
        decimal_of_int64(static_cast<int64_t>(value), &integer);
        return put_decimal(sink, integer);
    }
    char text[kMostDoubleDigits + 16], digits[kMostDoubleDigits];
    std::snprintf(text, sizeof text, "%.*e", kMostDoubleDigits - 1, std::fabs(value));
    uint32_t count = 0;
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9') // whatever the decimal point is here
            digits[count++] = *at;
    int exponent = 0;
    for (const char *digit = at + 2; *digit; digit++)
        exponent = exponent * 10 + (*digit - '0');
    put_number(sink, key_number(value < 0, digits, count, 1 + (at[1] == '-' ? -exponent : exponent)));
}

void put_text(Sink *sink, const uint8_t *text, uint32_t length) {
    while (length > 0) {
        const uint8_t *nul = static_cast<const uint8_t *>(std::memchr(text, 0, length));
        uint32_t plain = nul ? static_cast<uint32_t>(nul - text) : length;
        sink->bytes(text, plain);
        text += plain;
        length -= plain;
        if (nul) {
            sink->byte(0);
            sink->byte(0xff);
            text++;
            length--;
        }
    }
    sink->byte(0);
    sink->byte(0);
}

void put_string(Sink *sink, const uint8_t *data) { put_text(sink, data + 4, read_le<uint32_t>(data) - 1); }

bool put_value(Sink *sink, const BsonValue &value, int depth);

bool put_fields(Sink *sink, const uint8_t *data, uint32_t size, int depth) {
    if (depth >= kMostKeyDepth)
        return false;
    BsonReader reader(data, size);
    while (reader.next()) {
        sink->byte(byte_of(reader.value().type));
        sink->bytes(reinterpret_cast<const uint8_t *>(reader.key()), reader.key_length());
        sink->byte(0);
        if (!put_value(sink, reader.value(), depth + 1))
            return false;
    }
    sink->byte(kEnd);
    return !reader.malformed();
}

// A code with its scope: the whole size, the code, the scope.
bool put_scoped_code(Sink *sink, const BsonValue &value, int depth) {
    const uint8_t *code = value.data + 4, *end = value.data + value.size;
    int64_t code_size = value.size < 4 ? -1 : value_size(BsonType::Code, code, end);
    int64_t scope_size = code_size < 0 ? -1 : value_size(BsonType::Document, code + code_size, end);
    if (scope_size < 0)
        return false;
    put_string(sink, code);
    return put_fields(sink, code + code_size, static_cast<uint32_t>(scope_size), depth);
}

// The value behind its bracket.
bool put_value(Sink *sink, const BsonValue &value, int depth) {
    constexpr uint64_t kSign = 1ULL << 63;
    int64_t integer;
    Decimal number;
    switch (value.type) {
    case BsonType::Missing:
        return false;
    case BsonType::Int32:
    case BsonType::Int64:
        (void)integer_of(value, &integer);
        decimal_of_int64(integer, &number);
        put_decimal(sink, number);
        return true;
    case BsonType::Double:
        put_double(sink, read_le<double>(value.data));
        return true;
    case BsonType::Decimal128:
        decimal_of_decimal128(value.data, &number);
        put_decimal(sink, number);
        return true;
    case BsonType::String:
    case BsonType::Symbol:
    case BsonType::Code:
        put_string(sink, value.data);
        return true;
    case BsonType::Document:
    case BsonType::Array:
        return put_fields(sink, value.data, value.size, depth);
    case BsonType::CodeWithScope:
        return put_scoped_code(sink, value, depth);
    case BsonType::Binary:
        sink->big_endian(read_le<uint32_t>(value.data), 4);
        sink->bytes(value.data + 4, value.size - 4);
        return true;
    case BsonType::Date:
        sink->big_endian(read_le<uint64_t>(value.data) ^ kSign, 8);
        return true;
    case BsonType::Timestamp:
        sink->big_endian(read_le<uint64_t>(value.data), 8);
        return true;
    case BsonType::DbPointer: // longer names of collections are greater, whatever they are
        sink->big_endian(value.size, 4);
        sink->bytes(value.data + 4, value.size - 4);
        return true;
    default: // ObjectId, Bool, Regex (two texts that end with NUL), and those that have no bytes
        sink->bytes(value.data, value.size);
        return true;
    }
}

uint64_t put_key(Sink sink, const BsonValue &value) {
    sink.byte(byte_of(value.type));
    return put_value(&sink, value, 0) ? sink.size : 0;
}

uint64_t put_key(Sink sink, const KeyNumber &number) {
    sink.byte(byte_of(BsonType::Int32));
    put_number(&sink, number);
    return sink.size;
}

} // namespace

KeyNumber key_number(bool negative, const char *digits, uint32_t count, int point) {
    while (count > 0 && *digits == '0') {
        digits++;
        count--;
        point--;
    }
    while (count > 0 && digits[count - 1] == '0')
        count--;
    if (count == 0)
        return {KeyNumber::Kind::Zero, 0, nullptr, 0};
    return {negative ? KeyNumber::Kind::Negative : KeyNumber::Kind::Positive, point, digits, count};
}

uint64_t id_key_size(const BsonValue &value) { return put_key(Sink{nullptr, 0, 0}, value); }

void write_id_key(const BsonValue &value, uint8_t *out) { (void)put_key(Sink{out, 0, 0}, value); }

uint64_t id_key_size(const KeyNumber &number) { return put_key(Sink{nullptr, 0, 0}, number); }

void write_id_key(const KeyNumber &number, uint8_t *out) { (void)put_key(Sink{out, 0, 0}, number); }

} // namespace mongo_fdw
